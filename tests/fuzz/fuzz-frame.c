/* SPDX-License-Identifier: Apache-2.0 */
/* A packet from a worker, given as its length (two bytes), the packet, and what is in the memfd that came along, if
 * anything: a frame that was accepted is one that docs/wire.md knows, and it can be sent on as it is. */
#include "fuzz-memfd.h"
#include "fuzz.h"
#include "royal-frame.h"
#include "royal-json.h"

#include <sys/socket.h>
#include <unistd.h>

static char *
body_of (const RoyalFrame *frame)
{
  g_autoptr (JsonNode) node = json_node_alloc ();

  if (frame->body == NULL)
    return g_strdup ("");
  json_node_init_object (node, frame->body);
  return royal_json_canonical (node);
}

static void
send_on (const RoyalFrame *frame)
{
  int ends[2];
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalFrame) again = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==, 0);
  g_assert_true (royal_frame_send (ends[0], frame->type, frame->id, frame->body, frame->table_fd, &error));
  g_assert_no_error (error);
  again = royal_frame_receive (ends[1], &error);
  g_assert_no_error (error);
  g_assert_cmpint (again->type, ==, frame->type);
  g_assert_cmpuint (again->id, ==, frame->id);
  g_assert_true ((again->table_fd < 0) == (frame->table_fd < 0));

  g_autofree char *body = body_of (frame);
  g_autofree char *body_again = body_of (again);
  g_assert_cmpstr (body, ==, body_again);
  close (ends[0]);
  close (ends[1]);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize length)
{
  gsize packet = length >= 2 ? MIN (data[0] | (gsize)data[1] << 8, length - 2) : 0;
  int fds[1] = { -1 };
  g_autoptr (RoyalFrame) frame = NULL;

  if (length < 2)
    return 0;
  if (length - 2 > packet)
    fds[0] = fuzz_memfd (data + 2 + packet, length - 2 - packet);
  frame = royal_frame_parse (data + 2, packet, fds, fds[0] >= 0 ? 1 : 0, NULL);
  if (frame == NULL)
    return 0;
  g_assert_cmpint (frame->type, >=, ROYAL_FRAME_INIT);
  g_assert_cmpint (frame->type, <=, ROYAL_FRAME_SHUTDOWN);
  send_on (frame);
  return 0;
}
