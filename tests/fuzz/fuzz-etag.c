/* SPDX-License-Identifier: Apache-2.0 */
/* The tags that are read of a list are read alike when they are written as one again. */
#include "fuzz.h"
#include "rh-etag.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  g_autofree char *text = g_strndup ((const char *)data, length);
  g_auto (GStrv) tags = rh_etag_parse (text);
  g_autofree char *written = tags != NULL ? g_strjoinv (", ", tags) : NULL;
  g_auto (GStrv) again = written != NULL ? rh_etag_parse (written) : NULL;

  if (tags != NULL)
    g_assert_true (again != NULL && g_strv_equal ((const char *const *)tags, (const char *const *)again));
  return 0;
}
