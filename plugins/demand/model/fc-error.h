/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FC_ERROR (fc_error_quark ())
GQuark fc_error_quark (void);

/**
 * FcError:
 * @FC_ERROR_INVALID: the series or an option is not what the model takes; the message names it and what was expected
 * @FC_ERROR_FAILED: the numbers defeated the fit
 */
typedef enum { FC_ERROR_INVALID, FC_ERROR_FAILED } FcError;

G_END_DECLS
