/* SPDX-License-Identifier: Apache-2.0 */
/* trace-collector — for tests: an OTLP/HTTP collector on loopback. Prints its URL, then each request on a line. */
#include <libsoup/soup.h>
#include <royal-json.h>
#include <stdio.h>

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = royal_json_parse (body->data, body->length, "request", &error);
  g_autofree char *line = node != NULL ? royal_json_to_string (node) : g_strdup_printf ("not JSON: %s", error->message);

  g_print ("%s\n", line);
  fflush (stdout);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_STATIC, "{}", 2);
  soup_server_message_set_status (message, g_str_equal (path, "/v1/traces") ? 200 : 404, NULL);
}

int
main (void)
{
  g_autoptr (SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  GSList *uris;

  soup_server_add_handler (server, NULL, on_request, NULL, NULL);
  if (!soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, &error))
    g_error ("%s", error->message);
  uris = soup_server_get_uris (server);
  g_print ("%s\n", g_uri_to_string (uris->data));
  fflush (stdout);
  g_main_loop_run (loop);
  return 0;
}
