/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What a target defines: libFuzzer's entry, or that of fuzz-corpus.c. Ends the process when @data breaks a rule. */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize length);
