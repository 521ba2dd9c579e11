/* SPDX-License-Identifier: Apache-2.0 */
#include "web-host.h"

#include <rh-clients.h>
#include <royal/error.h>
#include <string.h>

/* Who sent a request, behind proxies, and how often each may ask. */

#define BURST 5 /* seconds' worth, see rh-clients.c */
/* Of a request that was counted and let through: it has no token, and is not this machine's own. */
#define PASSED 401

/* One GET as that proxy would send it. (transfer full): the answer, head and all. */
static char *
ask (WebHost *host, const char *path, const char *header)
{
  g_autofree char *text =
      g_strdup_printf ("GET %s HTTP/1.1\r\nHost: royal\r\nConnection: close\r\n%s\r\n", path, header);

  return web_raw (host, text, strlen (text), 2000);
}

static guint
status_of (WebHost *host, const char *path, const char *header)
{
  g_autofree char *text = ask (host, path, header);

  g_assert_true (g_str_has_prefix (text, "HTTP/1.1 "));
  return (guint)g_ascii_strtoull (text + strlen ("HTTP/1.1 "), NULL, 10);
}

static void
test_parse (void)
{
  static const struct {
    const char *text;
    const char *fault;
  } table[] = {
    { "", NULL },
    { "10.0.0.1", NULL },
    { " 10.0.0.0/8 , 2001:db8::/32,", NULL },
    { "10.0.0.0/33", "10.0.0.0/33" },
    { "10.0.0.1/8", "10.0.0.1/8" },
    { "10.0.0.1, proxy", "proxy" },
  };
  RhClients *clients = rh_clients_new ();

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (GError) error = NULL;

      if (table[i].fault == NULL)
        {
          g_assert_true (rh_clients_trust (clients, table[i].text, &error));
          g_assert_no_error (error);
          continue;
        }
      g_assert_false (rh_clients_trust (clients, table[i].text, &error));
      g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, table[i].fault));
    }
  rh_clients_free (clients);
}

static void
test_rate (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *refused = NULL;

  rh_server_limit_clients (host->server, 1);
  g_assert_true (rh_server_trust_proxies (host->server, "127.0.0.1", NULL));
  for (guint i = 0; i < BURST; i++)
    g_assert_cmpuint (status_of (host, "/healthz", "X-Forwarded-For: 192.0.2.7\r\n"), ==, PASSED);
  refused = ask (host, "/healthz", "X-Forwarded-For: 192.0.2.7\r\n");
  g_assert_true (g_str_has_prefix (refused, "HTTP/1.1 429"));
  g_assert_nonnull (strstr (refused, "Retry-After: 1\r\n"));
  g_assert_nonnull (strstr (refused, "too many requests from 192.0.2.7"));

  /* What stands left of the client's own address anyone may have written. */
  g_assert_cmpuint (status_of (host, "/healthz", "X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n"), ==, 429);
  g_assert_cmpuint (status_of (host, "/healthz", "X-Forwarded-For: 192.0.2.7, 127.0.0.1\r\n"), ==, 429);
  g_assert_cmpuint (status_of (host, "/healthz", "X-Forwarded-For: 192.0.2.8\r\n"), ==, PASSED);
  /* Who is on this machine is not limited. */
  for (guint i = 0; i < 2 * BURST; i++)
    g_assert_cmpuint (status_of (host, "/healthz", ""), ==, 200);
}

/* A client has all of a /64. */
static void
test_network (void)
{
  g_autoptr (WebHost) host = web_host_new ();

  rh_server_limit_clients (host->server, 1);
  g_assert_true (rh_server_trust_proxies (host->server, "127.0.0.1", NULL));
  for (guint i = 0; i < BURST; i++)
    {
      g_autofree char *header = g_strdup_printf ("X-Forwarded-For: 2001:db8:0:1::%u\r\n", i + 1);

      g_assert_cmpuint (status_of (host, "/healthz", header), ==, PASSED);
    }
  g_assert_cmpuint (status_of (host, "/healthz", "X-Forwarded-For: 2001:db8:0:1:ffff::1\r\n"), ==, 429);
  g_assert_cmpuint (status_of (host, "/healthz", "X-Forwarded-For: 2001:db8:0:2::1\r\n"), ==, PASSED);
}

/* One login as that proxy would send it. */
static guint
login_status (WebHost *host, guint i, const char *peer)
{
  g_autofree char *body = g_strdup_printf ("{\"user\":\"spray%u\",\"password\":\"wrong\"}", i);
  g_autofree char *text = g_strdup_printf ("POST /api/v1/auth/login HTTP/1.1\r\nHost: royal\r\nConnection: close\r\n"
                                           "X-Forwarded-For: %s\r\nContent-Type: application/json\r\n"
                                           "Content-Length: %zu\r\n\r\n%s",
                                           peer, strlen (body), body);
  g_autofree char *answer = web_raw (host, text, strlen (text), 10000);

  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 "));
  return (guint)g_ascii_strtoull (answer + strlen ("HTTP/1.1 "), NULL, 10);
}

/* Who tries many names, or many tokens, is told to wait, from whichever address of his network each comes. */
static void
test_spray (void)
{
  g_autoptr (WebHost) host = web_host_new ();
  g_autofree char *token = g_strnfill (43, 'A');
  guint logins = 0, tokens = 0;

  g_assert_true (rh_server_trust_proxies (host->server, "127.0.0.1", NULL));
  for (; logins < 60; logins++)
    {
      g_autofree char *peer = g_strdup_printf ("2001:db8:0:1::%u", logins + 1);

      if (login_status (host, logins, peer) == 429)
        break;
    }
  g_assert_cmpuint (logins, >=, 30);
  g_assert_cmpuint (logins, <, 60);
  g_assert_cmpuint (login_status (host, 100, "2001:db8:0:2::1"), ==, 401);
  for (; tokens < 300; tokens++)
    {
      g_autofree char *header =
          g_strdup_printf ("X-Forwarded-For: 2001:db8:0:3::%u\r\nAuthorization: Bearer rt_%s\r\n", tokens + 1, token);

      if (status_of (host, "/api/v1/jobs", header) == 429)
        break;
    }
  g_assert_cmpuint (tokens, <, 300);
  royal_test_sql (host->owner, "delete from login_attempts");
}

/* A proxy that nobody named: its requests are not this machine's own, and whom it names nobody believes. */
static void
test_strange_proxy (void)
{
  g_autoptr (WebHost) host = web_host_new ();

  rh_server_limit_clients (host->server, 1);
  g_assert_cmpuint (status_of (host, "/metrics", ""), ==, 200);
  g_assert_cmpuint (status_of (host, "/metrics", "X-Forwarded-For: 127.0.0.1\r\n"), ==, 401);
  g_assert_cmpuint (status_of (host, "/metrics", "Forwarded: for=192.0.2.1\r\n"), ==, 401);
  g_assert_true (rh_server_trust_proxies (host->server, "127.0.0.1", NULL));
  g_assert_cmpuint (status_of (host, "/metrics", "X-Forwarded-For: 127.0.0.1\r\n"), ==, 401);
  g_assert_true (rh_server_trust_proxies (host->server, "", NULL));
  for (guint i = 3; i < BURST; i++)
    g_assert_cmpuint (status_of (host, "/healthz", "X-Forwarded-For: 192.0.2.7\r\n"), ==, PASSED);
  g_assert_cmpuint (status_of (host, "/healthz", "X-Forwarded-For: 192.0.2.8\r\n"), ==, 429);
}

int
main (int argc, char **argv)
{
  royal_test_init (&argc, &argv);
  g_test_add_func ("/clients/parse", test_parse);
  g_test_add_func ("/clients/rate", test_rate);
  g_test_add_func ("/clients/network", test_network);
  g_test_add_func ("/clients/spray", test_spray);
  g_test_add_func ("/clients/strange-proxy", test_strange_proxy);
  return royal_test_run ();
}
