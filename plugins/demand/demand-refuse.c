/* SPDX-License-Identifier: Apache-2.0 */
#include "demand-refuse.h"

#include <royal/agent.h>

gboolean
demand_refuse (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, message);
  return FALSE;
}
