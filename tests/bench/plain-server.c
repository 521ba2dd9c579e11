/* SPDX-License-Identifier: Apache-2.0 */

/* A bare libsoup server that answers every request with the bytes of a file, as JSON: what HTTP alone costs. Prints its
 * port; runs until it is ended. */

#include <libsoup/soup.h>

static void
answer (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  GBytes *body = data;
  gsize length;
  const char *bytes = g_bytes_get_data (body, &length);

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_STATIC, bytes, length);
}

int
main (int argc, char **argv)
{
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  GSList *uris;
  char *text;
  gsize length;

  if (argc != 2 || !g_file_get_contents (argv[1], &text, &length, &error))
    g_error ("%s", error != NULL ? error->message : "expected the name of a file");
  body = g_bytes_new_take (text, length);
  soup_server_add_handler (server, NULL, answer, body, NULL);
  if (!soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error))
    g_error ("%s", error->message);
  uris = soup_server_get_uris (server);
  g_print ("%d\n", g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
  g_main_loop_run (loop);
  return 0;
}
