/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-tls.h"

#include "rh-log.h"

#include <glib/gstdio.h>
#include <royal/error.h>
#include <sys/stat.h>

#define WARN_DAYS 14

static gboolean
check_mode (const char *key, GError **error)
{
  GStatBuf status;

  if (g_stat (key, &status) != 0 || (status.st_mode & S_IRWXO) == 0)
    return TRUE; /* that it is not there is told when it is read */
  g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "tls-key: %s: others may read it: chmod o= it", key);
  return FALSE;
}

static gboolean
check_time (GTlsCertificate *certificate, const char *file, GError **error)
{
  g_autoptr (GDateTime) until = g_tls_certificate_get_not_valid_after (certificate);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  GTimeSpan left = until != NULL ? g_date_time_difference (until, now) : G_MAXINT64;
  g_autofree char *shown = until != NULL ? g_date_time_format_iso8601 (until) : NULL;

  if (left <= 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "tls-certificate: %s: it was valid until %s", file, shown);
      return FALSE;
    }
  if (left < WARN_DAYS * G_TIME_SPAN_DAY)
    rh_log (RH_LOG_WARNING, "tls.ends", "the certificate is valid for a short time only", "file", file, "until", shown,
            NULL);
  return TRUE;
}

GTlsCertificate *
rh_tls_load (const char *certificate, const char *key, GError **error)
{
  g_autoptr (GTlsCertificate) loaded = NULL;
  g_autoptr (GError) fault = NULL;

  g_return_val_if_fail (certificate != NULL && key != NULL, NULL);

  if (!check_mode (key, error))
    return NULL;
  loaded = g_tls_certificate_new_from_files (certificate, key, &fault);
  if (loaded == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "tls-certificate %s, tls-key %s: %s", certificate, key,
                   fault->message);
      return NULL;
    }
  return check_time (loaded, certificate, error) ? g_steal_pointer (&loaded) : NULL;
}
