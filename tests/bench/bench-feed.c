/* SPDX-License-Identifier: Apache-2.0 */

/* The live feed: 1,000 WebSocket clients of one host hear of jobs that come and go, 200 events a second. How long after
 * an event was written each client had it, how many were lost or came twice, and what of a processor the host needed.
 */

#include "bench.h"
#include "http-host.h"
#include "royal-test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 1000
#define EVENTS_PER_S 200
#define EVENTS_PER_JOB 3 /* created, started, completed */
#define SECONDS 10
#define BUFFER (256 * 1024)
/* Latencies are counted in tenths of a millisecond. */
#define N_TENTHS 100000
#define N_KNOWN 65536

typedef struct {
  int fd;
  gboolean upgraded;
  gsize held; /* bytes of @buffer */
  char *buffer;
  gint64 last; /* the id of the last event */
} Client;

typedef struct {
  HttpHost *host;
  int epoll;
  Client clients[CLIENTS];
  guint n_upgraded;
  guint64 tenths[N_TENTHS];
  guint64 n_events; /* over all clients */
  guint64 n_twice;
  gboolean counting;
  int asking;                /* jobs are asked for still */
  double written_s[N_KNOWN]; /* when the event of an id was */
} Bench;

static int
connect_to (guint port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16)port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int on = 1, fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
    g_error ("no connection to the host");
  return fd;
}

static void
send_all (int fd, const char *text)
{
  gsize length = strlen (text);

  if (send (fd, text, length, MSG_NOSIGNAL) != (gssize)length)
    g_error ("the host does not take a request");
}

static void
client_open (Bench *self, Client *client)
{
  g_autofree char *request = g_strdup_printf (
      "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n",
      self->host->viewer);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

  client->fd = connect_to (self->host->port);
  client->buffer = g_malloc (BUFFER);
  send_all (client->fd, request);
  if (fcntl (client->fd, F_SETFL, O_NONBLOCK) != 0 || epoll_ctl (self->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
    g_error ("a client cannot be watched");
}

/* Seconds since 1970 of a time as events have it. */
static double
time_of (const char *text)
{
  g_autofree char *copy = g_strndup (text, strcspn (text, "\""));
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (copy, NULL);

  if (time == NULL)
    g_error ("no time: %s", copy);
  return (double)g_date_time_to_unix (time) + g_date_time_get_microsecond (time) / 1e6;
}

/* One event, written at @at. The same come to all: a time is read once. */
static void
take_event (Bench *self, Client *client, gint64 id, const char *at, double now_s)
{
  gint64 tenths;

  if (id <= client->last)
    self->n_twice++;
  client->last = id;
  self->n_events++;
  if (!self->counting)
    return;
  if (self->written_s[id % N_KNOWN] == 0)
    self->written_s[id % N_KNOWN] = time_of (at);
  tenths = (gint64)((now_s - self->written_s[id % N_KNOWN]) * 1e4);
  self->tenths[CLAMP (tenths, 0, N_TENTHS - 1)]++;
}

/* The events of a message: each has its `id` and its `at`. */
static void
take_message (Bench *self, Client *client, char *text, gsize length)
{
  double now_s = (double)g_get_real_time () / 1e6;
  char after = text[length];

  text[length] = '\0';
  if (g_str_has_prefix (text, "{\"type\":\"events\""))
    for (const char *at = strstr (text, "\"at\":"); at != NULL;)
      {
        const char *next = strstr (at + 4, "\"at\":");
        const char *id = strstr (at, "\"id\":");

        if (id == NULL || (next != NULL && id > next))
          g_error ("an event without an id: %s", text);
        take_event (self, client, g_ascii_strtoll (id + strlen ("\"id\":"), NULL, 10),
                    strchr (at + strlen ("\"at\":"), '"') + 1, now_s);
        at = next;
      }
  text[length] = after;
}

/* Bytes of @text that a whole frame takes; 0 = it is not there yet. Sets where its payload is. */
static gsize
frame_of (const guint8 *text, gsize held, gsize *ret_start, gsize *ret_length)
{
  gsize start = 2, length;

  if (held < 2)
    return 0;
  length = text[1] & 0x7f;
  if (length == 126)
    start = 4;
  else if (length == 127)
    start = 10;
  if (held < start)
    return 0;
  for (gsize i = 2, sum = 0; length >= 126 && i < start; i++)
    {
      sum = sum << 8 | text[i];
      if (i + 1 == start)
        {
          length = sum;
          break;
        }
    }
  if (start + length >= BUFFER)
    g_error ("a message of %" G_GSIZE_FORMAT " bytes", length);
  *ret_start = start;
  *ret_length = length;
  return held >= start + length ? start + length : 0;
}

static void
client_upgrade (Bench *self, Client *client)
{
  char *end = g_strstr_len (client->buffer, (gssize)client->held, "\r\n\r\n");

  if (end == NULL)
    return;
  if (!g_str_has_prefix (client->buffer, "HTTP/1.1 101"))
    g_error ("the feed refused a client: %.*s", (int)client->held, client->buffer);
  client->held -= (gsize)(end + 4 - client->buffer);
  memmove (client->buffer, end + 4, client->held);
  client->upgraded = TRUE;
  self->n_upgraded++;
}

static void
client_read (Bench *self, Client *client)
{
  ssize_t n = read (client->fd, client->buffer + client->held, BUFFER - client->held - 1);
  gsize used = 0, frame, start, length;

  if (n <= 0)
    g_error ("the feed dropped a client");
  client->held += (gsize)n;
  if (!client->upgraded)
    client_upgrade (self, client);
  if (!client->upgraded)
    return;
  while ((frame = frame_of ((guint8 *)client->buffer + used, client->held - used, &start, &length)) > 0)
    {
      if ((client->buffer[used] & 0x0f) == 1)
        take_message (self, client, client->buffer + used + start, length);
      used += frame;
    }
  client->held -= used;
  memmove (client->buffer, client->buffer + used, client->held);
}

/* Reads what comes, for so long. */
static void
read_for (Bench *self, double ms)
{
  double until_us = bench_now_us () + ms * 1000;
  struct epoll_event events[256];

  do
    {
      double left_ms = (until_us - bench_now_us ()) / 1000;
      int n = epoll_wait (self->epoll, events, G_N_ELEMENTS (events), MAX (0, (int)left_ms));

      for (int i = 0; i < n; i++)
        client_read (self, events[i].data.ptr);
  } while (bench_now_us () < until_us);
}

/* --- The load ----------------------------------------------------------------------------------------------------- */

/* Reads an answer whole, and throws it away. */
static void
read_answer (int fd)
{
  char answer[16384] = "";
  const char *body = NULL, *length = NULL;
  gsize held = 0;

  do
    {
      ssize_t n = read (fd, answer + held, sizeof answer - held - 1);

      if (n <= 0)
        g_error ("the host answered with %s", answer);
      held += (gsize)n;
      answer[held] = '\0';
      body = strstr (answer, "\r\n\r\n");
      length = strstr (answer, "Content-Length: ");
  } while (body == NULL || length == NULL ||
           held < (gsize)(body + 4 - answer) + g_ascii_strtoull (length + strlen ("Content-Length: "), NULL, 10));
  if (!g_str_has_prefix (answer, "HTTP/1.1 2"))
    g_error ("the host refused a job: %s", answer);
}

/* Asks for jobs at an even pace. */
static gpointer
ask_for_jobs (gpointer data)
{
  Bench *self = data;
  const guint n = SECONDS * EVENTS_PER_S / EVENTS_PER_JOB;
  int fd = connect_to (self->host->port);
  double start_us = bench_now_us ();

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *body = g_strdup_printf ("{\"agent\":\"bench\",\"task\":\"noop\",\"input\":{\"i\":%u}}", i);
      g_autofree char *request =
          g_strdup_printf ("POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                           "Content-Type: application/json\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                           self->host->operator, strlen (body), body);
      double wait_us = start_us + i * 1e6 * EVENTS_PER_JOB / EVENTS_PER_S - bench_now_us ();

      if (wait_us > 0)
        g_usleep ((gulong)wait_us);
      send_all (fd, request);
      read_answer (fd);
    }
  close (fd);
  g_atomic_int_set (&self->asking, FALSE);
  return NULL;
}

static double
number (Bench *self, const char *sql)
{
  g_autofree char *text = royal_test_sql_value (self->host->owner, sql);

  return g_ascii_strtod (text, NULL);
}

static double
cpu_s (Bench *self)
{
  return bench_host_cpu_s (self->host->host);
}

static double
quantile_ms (Bench *self, double fraction)
{
  guint64 sum = 0, below = 0;

  for (guint i = 0; i < N_TENTHS; i++)
    sum += self->tenths[i];
  for (guint i = 0; i < N_TENTHS; i++)
    {
      below += self->tenths[i];
      if ((double)below >= fraction * (double)sum)
        return i / 10.0;
    }
  return N_TENTHS / 10.0;
}

static void
bench_feed (Bench *self)
{
  double first, told, cpu, lost, start_us, took_s;
  GThread *thread;

  for (guint i = 0; i < CLIENTS; i++)
    {
      client_open (self, &self->clients[i]);
      read_for (self, 0);
    }
  while (self->n_upgraded < CLIENTS)
    read_for (self, 10);
  read_for (self, 500);
  first = number (self, "select last_event from journal");
  self->n_events = 0;
  self->counting = TRUE;
  cpu = cpu_s (self);
  start_us = bench_now_us ();
  self->asking = TRUE;
  thread = g_thread_new ("jobs", ask_for_jobs, self);
  while (g_atomic_int_get (&self->asking))
    read_for (self, 10);
  took_s = (bench_now_us () - start_us) / 1e6;
  cpu = cpu_s (self) - cpu;
  g_thread_join (thread);
  read_for (self, 3000);
  told = number (self, "select last_event from journal") - first;
  lost = told * CLIENTS - (double)self->n_events;
  g_print ("%-44s %8d\n%-44s %8.0f /s\n%-44s %8.1f ms, p99 %.1f ms\n%-44s %8.0f, %.0f twice\n%-44s %8.0f %%\n",
           "clients", CLIENTS, "events", told / took_s, "from its writing to a client, p50", quantile_ms (self, 0.5),
           quantile_ms (self, 0.99), "lost", lost, (double)self->n_twice, "of a processor, the host",
           cpu / took_s * 100);
  g_print ("{\"bench\":\"feed\",\"clients\":%d,\"events_per_s\":%.0f,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"lost\":%.0f,"
           "\"twice\":%.0f,\"cpu_pct\":%.0f}\n",
           CLIENTS, told / took_s, quantile_ms (self, 0.5), quantile_ms (self, 0.99), lost, (double)self->n_twice,
           cpu / took_s * 100);
}

static void
allow_descriptors (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < CLIENTS + 100)
    g_error ("%d clients need as many descriptors", CLIENTS);
  limit.rlim_cur = MIN (limit.rlim_max, 65536);
  (void)setrlimit (RLIMIT_NOFILE, &limit);
}

int
main (int argc, char **argv)
{
  g_autofree Bench *bench = g_new0 (Bench, 1);

  royal_test_init (&argc, &argv);
  allow_descriptors ();
  bench->epoll = epoll_create1 (EPOLL_CLOEXEC);
  bench->host = http_host_start (NULL);
  bench_feed (bench);
  for (guint i = 0; i < CLIENTS; i++)
    {
      close (bench->clients[i].fd);
      g_free (bench->clients[i].buffer);
    }
  http_host_stop (bench->host);
  close (bench->epoll);
  return royal_test_finish ();
}
