/* SPDX-License-Identifier: Apache-2.0 */
#include "publisher-handle.h"

#define HANDLE_MAX 100u

/* (transfer full): "" when @text has no letter or digit of ASCII. */
static char *
slug (const char *text)
{
  g_autofree char *plain = g_str_to_ascii (text, "C");
  GString *handle = g_string_new (NULL);

  for (const char *c = plain; *c != '\0' && handle->len < HANDLE_MAX; c++)
    {
      /* What is not known becomes a question mark: a gap, as blanks are. */
      if (g_ascii_isalnum (*c))
        g_string_append_c (handle, g_ascii_tolower (*c));
      else if (handle->len > 0 && handle->str[handle->len - 1] != '-')
        g_string_append_c (handle, '-');
    }
  if (handle->len > 0 && handle->str[handle->len - 1] == '-')
    g_string_truncate (handle, handle->len - 1);
  return g_string_free (handle, FALSE);
}

char *
publisher_handle (const char *title, const char *otherwise)
{
  g_autofree char *handle = slug (title);

  if (*handle == '\0')
    {
      g_free (handle);
      handle = slug (otherwise);
    }
  return *handle != '\0' ? g_steal_pointer (&handle) : g_strdup ("product");
}
