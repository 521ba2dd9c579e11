/* SPDX-License-Identifier: Apache-2.0 */
#include <royal/error.h>

G_DEFINE_QUARK (royal - error - quark, royal_error)

/* The stable names, by code. They travel on the wire: never rename one. */
static const char *const code_names[] = {
  [ROYAL_ERROR_FAILED] = "failed",           [ROYAL_ERROR_INVALID] = "invalid",
  [ROYAL_ERROR_NOT_FOUND] = "not-found",     [ROYAL_ERROR_NOT_GRANTED] = "not-granted",
  [ROYAL_ERROR_DENIED] = "denied",           [ROYAL_ERROR_CONFLICT] = "conflict",
  [ROYAL_ERROR_UNAVAILABLE] = "unavailable", [ROYAL_ERROR_CANCELLED] = "cancelled",
  [ROYAL_ERROR_TIMEOUT] = "timeout",         [ROYAL_ERROR_LIMIT] = "limit",
  [ROYAL_ERROR_PROTOCOL] = "protocol",
};

const char *
royal_error_code_name (gint code)
{
  if (code < 0 || code >= (gint)G_N_ELEMENTS (code_names))
    return code_names[ROYAL_ERROR_FAILED];
  return code_names[code];
}

RoyalError
royal_error_code_from_name (const char *name)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (code_names); i++)
    {
      if (g_str_equal (code_names[i], name))
        return (RoyalError)i;
    }
  return ROYAL_ERROR_FAILED;
}

gboolean
royal_error_is_denied (const GError *error)
{
  return g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_DENIED);
}

gboolean
royal_error_is_not_granted (const GError *error)
{
  return g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_NOT_GRANTED);
}

gboolean
royal_error_is_invalid (const GError *error)
{
  return g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
}

gboolean
royal_error_is_not_found (const GError *error)
{
  return g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_NOT_FOUND);
}

gboolean
royal_error_is_conflict (const GError *error)
{
  return g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT);
}

gboolean
royal_error_is_unavailable (const GError *error)
{
  return g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_UNAVAILABLE);
}

gboolean
royal_error_is_cancelled (const GError *error)
{
  return g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_CANCELLED);
}

gboolean
royal_error_is_timeout (const GError *error)
{
  return g_error_matches (error, ROYAL_ERROR, ROYAL_ERROR_TIMEOUT);
}
