/* SPDX-License-Identifier: Apache-2.0 */
#include "fc-error.h"

G_DEFINE_QUARK (fc - error - quark, fc_error)
