/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-frame-header.h"
#include "royal-frame-reader.h"
#include "royal-json.h"
#include "royal-memfd.h"

#include <royal/error.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
make_pair (int pair[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
}

static guint
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static JsonObject *
body_of (gsize length)
{
  g_autofree char *text = g_strnfill (length, 'x');
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "text", text);
  return body;
}

static void
test_round_trip (void)
{
  static const gsize lengths[] = { 0, 100, 65501, 65502, 200000 };
  guint fds = count_fds ();
  int pair[2];

  make_pair (pair);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (JsonObject) body = body_of (lengths[i]);
      g_autoptr (RoyalFrame) frame = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true (royal_frame_send (pair[0], ROYAL_FRAME_RUN, 7, body, -1, &error));
      frame = royal_frame_receive (pair[1], &error);
      g_assert_no_error (error);
      g_assert_cmpint (frame->type, ==, ROYAL_FRAME_RUN);
      g_assert_cmpuint (frame->id, ==, 7);
      g_assert_cmpint (frame->table_fd, ==, -1);
      g_assert_cmpuint (strlen (royal_json_string (frame->body, "text", NULL)), ==, lengths[i]);
    }
  close (pair[0]);
  close (pair[1]);
  g_assert_cmpuint (count_fds (), ==, fds);
}

static void
test_ends (void)
{
  g_autoptr (GError) error = NULL;
  int pair[2];

  make_pair (pair);
  g_assert_null (royal_frame_receive (pair[1], &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  while (royal_frame_send_text (pair[0], ROYAL_FRAME_LOG, 1, "{}", 2, -1, &error))
    ;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  close (pair[1]);
  g_assert_false (royal_frame_send_text (pair[0], ROYAL_FRAME_LOG, 1, "{}", 2, -1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  close (pair[0]);
}

static void
test_pieces (void)
{
  static const gsize lengths[] = { 0, 65512, 65513, 300000 };
  g_autoptr (RoyalFrameReader) reader = royal_frame_reader_new ();
  int pair[2];

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *filler = g_strnfill (lengths[i], 'x');
      g_autofree char *text = g_strdup_printf ("{\"text\":\"%s\"}", filler);
      g_autoptr (RoyalFrame) frame = NULL;
      g_autoptr (GError) error = NULL;
      gsize bytes = 0, total = 0;

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
      if (fork () == 0)
        _exit (royal_frame_send_pieces (pair[1], ROYAL_FRAME_DONE, 3, text, strlen (text), NULL) ? 0 : 1);
      while (frame == NULL)
        {
          g_assert_true (royal_frame_reader_take (reader, pair[0], &frame, &bytes, &error));
          total += bytes;
        }
      g_assert_cmpuint (strlen (royal_json_string (frame->body, "text", NULL)), ==, lengths[i]);
      g_assert_cmpuint (total, >=, lengths[i]);
      close (pair[0]);
      close (pair[1]);
    }
}

/* Both parsers refuse it and leave no descriptor behind. */
static void
assert_refused (const RoyalFrameHeader *header, const char *body, gsize length, guint n_fds, int fd)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  guint8 bytes[ROYAL_FRAME_HEADER];
  int fds[3] = { -1, -1, -1 };

  royal_frame_header_write (header, bytes);
  g_byte_array_append (packet, bytes, sizeof bytes);
  g_byte_array_append (packet, (const guint8 *)body, (guint)length);
  for (guint i = 0; i < n_fds; i++)
    fds[i] = dup (fd);
  g_assert_null (royal_frame_parse (packet->data, packet->len, fds, n_fds, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
}

static void
test_malformed (void)
{
  static const struct {
    RoyalFrameHeader header;
    const char *body;
    guint n_fds;
  } table[] = {
    { { 0, 0, 1, 2 }, "{}", 0 },
    { { 12, 0, 1, 2 }, "{}", 0 },
    { { ROYAL_FRAME_LOG, 3, 1, 0 }, "", 1 },
    { { ROYAL_FRAME_LOG, 8, 1, 2 }, "{}", 0 },
    { { ROYAL_FRAME_LOG, 0, 1, 1 }, "{}", 0 },
    { { ROYAL_FRAME_LOG, 0, 1, 3 }, "{}", 0 },
    { { ROYAL_FRAME_LOG, 0, 1, 2 }, "[]", 0 },
    { { ROYAL_FRAME_LOG, 0, 1, 1 }, "{", 0 },
    { { ROYAL_FRAME_LOG, 0, 1, 2 }, "{}", 1 },
    { { ROYAL_FRAME_LOG, 1, 1, 2 }, "{}", 1 },
    { { ROYAL_FRAME_LOG, 1, 1, 2 }, "", 0 },
    { { ROYAL_FRAME_LOG, 1, 1, 0 }, "", 1 },
    { { ROYAL_FRAME_LOG, 1, 1, 2 }, "", 2 },
    { { ROYAL_FRAME_LOG, 1, 1, 200 }, "", 1 },
    { { ROYAL_FRAME_LOG, 1, 1, ROYAL_FRAME_BODY_MAX + 1 }, "", 1 },
    { { ROYAL_FRAME_REPLY, 2, 1, 0 }, "", 0 },
    { { ROYAL_FRAME_REPLY, 2, 1, 0 }, "", 2 },
    { { ROYAL_FRAME_DONE, 4, 1, 2 }, "{}", 0 },
  };
  int fd = royal_memfd_new ("test", NULL);
  guint fds;

  g_assert_cmpint (write (fd, "{}", 2), ==, 2);
  /* Not sealed yet. */
  assert_refused (&(RoyalFrameHeader){ ROYAL_FRAME_RUN, 1, 1, 2 }, "", 0, 1, fd);
  assert_refused (&(RoyalFrameHeader){ ROYAL_FRAME_REPLY, 2, 1, 0 }, "", 0, 1, fd);
  g_assert_true (royal_memfd_seal (fd, NULL));
  fds = count_fds ();
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_test_message ("line %u", i);
      assert_refused (&table[i].header, table[i].body, strlen (table[i].body), table[i].n_fds, fd);
      g_assert_cmpuint (count_fds (), ==, fds);
    }
  close (fd);
}

static void
test_truncated (void)
{
  g_autoptr (RoyalFrameReader) reader = royal_frame_reader_new ();
  guint8 packet[ROYAL_FRAME_HEADER + 2];
  RoyalFrameHeader header = { ROYAL_FRAME_LOG, 0, 1, 2 };
  RoyalFrame *frame = NULL;

  royal_frame_header_write (&header, packet);
  memcpy (packet + ROYAL_FRAME_HEADER, "{}", 2);
  for (gsize length = 0; length < sizeof packet; length++)
    {
      g_assert_null (royal_frame_parse (packet, length, NULL, 0, NULL));
      g_assert_false (royal_frame_reader_parse (reader, packet, length, &frame, NULL));
    }
  packet[20] = 1;
  g_assert_null (royal_frame_parse (packet, sizeof packet, NULL, 0, NULL));
  packet[20] = 0;
  g_assert_true (royal_frame_reader_parse (reader, packet, sizeof packet, &frame, NULL));
  royal_frame_free (frame);
}

static void
test_several (void)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  g_autoptr (GByteArray) mixed = g_byte_array_new ();
  g_autoptr (RoyalFrameReader) reader = royal_frame_reader_new ();
  g_autoptr (GError) error = NULL;
  GQueue frames = G_QUEUE_INIT;
  gsize bytes;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  for (guint64 id = 1; id <= 3; id++)
    royal_frame_append (packet, ROYAL_FRAME_DONE, id, "{\"result\":1}", 12);
  g_assert_true (royal_frame_send_packet (ends[0], packet, NULL));
  for (guint64 id = 1; id <= 3; id++)
    {
      g_autoptr (RoyalFrame) frame = NULL;

      g_assert_true (royal_frame_reader_take (reader, ends[1], &frame, &bytes, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (frame->id, ==, id);
      g_assert_cmpuint (bytes, ==, ROYAL_FRAME_HEADER + 12);
      g_assert_true (royal_frame_reader_has_more (reader) == (id < 3));
    }
  g_assert_true (royal_frame_send_packet (ends[0], packet, NULL));
  g_assert_true (royal_frame_receive_all (ends[1], &frames, &error));
  g_assert_cmpuint (g_queue_get_length (&frames), ==, 3);
  g_queue_clear_full (&frames, (GDestroyNotify)royal_frame_free);
  /* No other message stands with others. */
  royal_frame_append (mixed, ROYAL_FRAME_LOG, 1, "{}", 2);
  royal_frame_append (mixed, ROYAL_FRAME_DONE, 1, "{}", 2);
  g_assert_true (royal_frame_send_packet (ends[0], mixed, NULL));
  g_assert_false (royal_frame_receive_all (ends[1], &frames, &error));
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_PROTOCOL);
  close (ends[0]);
  close (ends[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frame/round-trip", test_round_trip);
  g_test_add_func ("/frame/ends", test_ends);
  g_test_add_func ("/frame/pieces", test_pieces);
  g_test_add_func ("/frame/malformed", test_malformed);
  g_test_add_func ("/frame/truncated", test_truncated);
  g_test_add_func ("/frame/several", test_several);
  return g_test_run ();
}
