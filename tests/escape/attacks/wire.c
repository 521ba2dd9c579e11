/* SPDX-License-Identifier: Apache-2.0 */

/* Attacks on the channel itself: the plugin writes to descriptor 3 past the SDK. */

#include "attack.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define CHANNEL 3
#define MAGIC 0x314c5952u

enum { READY = 2, RUN = 4, DONE = 5, CALL = 6, REPLY = 7, PROGRESS = 9 };

typedef struct {
  guint32 magic;
  guint16 type;
  guint16 flags;
  guint64 id;
  guint32 length;
  guint32 zero;
} Header;

static long
send_raw (const void *bytes, gsize length, int fd)
{
  struct iovec part = { (void *)bytes, length };
  union {
    char space[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control = { { 0 } };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      struct cmsghdr *c;

      message.msg_control = &control;
      message.msg_controllen = sizeof control.space;
      c = CMSG_FIRSTHDR (&message);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (c), &fd, sizeof fd);
    }
  return sendmsg (CHANNEL, &message, MSG_NOSIGNAL);
}

static long
send_frame (Header header, const char *body, int fd)
{
  g_autofree char *packet = g_malloc0 (sizeof header + strlen (body));

  memcpy (packet, &header, sizeof header);
  memcpy (packet + sizeof header, body, strlen (body)); /* NOLINT(bugprone-not-null-terminated-result): a packet */
  return send_raw (packet, sizeof header + strlen (body), fd);
}

static Header
header_of (guint16 type, guint64 id, const char *body)
{
  return (Header){ MAGIC, type, 0, id, (guint32)strlen (body), 0 };
}

/* After a broken message the host ends the worker: this call does not come back. If it does, the host took the bait. */
static JsonNode *
see (RoyalRun *run, long sent)
{
  g_autoptr (GError) refused = NULL;

  if (sent < 0)
    return attack_verdict (sent);
  if (!royal_run_check (run, &refused))
    return attack_result (FALSE, refused->message);
  sleep (1);
  return attack_result (TRUE, "the host goes on with the channel");
}

static JsonNode *
send_and_see (RoyalRun *run, Header header, const char *body)
{
  return see (run, send_frame (header, body, -1));
}

ATTACK (truncated)
{
  return see (run, send_raw ("RYL1", 4, -1));
}

ATTACK (empty)
{
  return see (run, send_raw ("", 0, -1));
}

ATTACK (bad_magic)
{
  Header header = header_of (CALL, 1, "{}");

  header.magic = 0xdeadbeef;
  return send_and_see (run, header, "{}");
}

ATTACK (wrong_length)
{
  Header header = header_of (CALL, 1, "{}");

  header.length = 0xffffffff;
  return send_and_see (run, header, "{}");
}

ATTACK (oversized)
{
  g_autofree char *body = g_strnfill (150 * 1024, ' ');

  return send_and_see (run, header_of (CALL, 1, body), body);
}

ATTACK (unknown_type)
{
  return send_and_see (run, header_of (77, 1, "{}"), "{}");
}

ATTACK (unknown_flags)
{
  Header header = header_of (CALL, 1, "{}");

  header.flags = 0x80;
  return send_and_see (run, header, "{}");
}

ATTACK (host_message)
{
  return send_and_see (run, header_of (RUN, 1, "{}"), "{}");
}

ATTACK (second_ready)
{
  return send_and_see (run, header_of (READY, 1, "{\"abi\":1,\"tasks\":[]}"), "{\"abi\":1,\"tasks\":[]}");
}

ATTACK (nested)
{
  g_autoptr (GString) body = g_string_new ("{\"method\":\"check\",\"params\":{\"a\":");

  for (int i = 0; i < 30000; i++)
    g_string_append_c (body, '[');
  return send_and_see (run, header_of (CALL, 1, body->str), body->str);
}

ATTACK (invalid_utf8)
{
  const char *body = "{\"method\":\"ch\xff\xfe\",\"params\":{}}";

  return send_and_see (run, header_of (CALL, 1, body), body);
}

ATTACK (not_json)
{
  return send_and_see (run, header_of (CALL, 1, "{\"method\":"), "{\"method\":");
}

ATTACK (duplicate_member)
{
  const char *body = "{\"method\":\"check\",\"method\":\"propose\",\"params\":{}}";

  return send_and_see (run, header_of (CALL, 1, body), body);
}

ATTACK (duplicated_id)
{
  const char *body = "{\"method\":\"check\",\"params\":{}}";
  g_autoptr (GError) refused = NULL;

  if (!royal_run_check (run, &refused))
    return attack_result (FALSE, refused->message);
  return send_and_see (run, header_of (CALL, 1, body), body);
}

ATTACK (forged_id)
{
  const char *body = "{\"method\":\"check\",\"params\":{}}";

  return send_and_see (run, header_of (CALL, 1000000, body), body);
}

ATTACK (forged_done)
{
  return send_and_see (run, header_of (DONE, 999, "{\"result\":null}"), "{\"result\":null}");
}

ATTACK (forged_progress)
{
  const char *body = "{\"fraction\":1e308,\"message\":\"x\"}";

  return send_and_see (run, header_of (PROGRESS, 1, body), body);
}

ATTACK (descriptor)
{
  const char *body = "{\"method\":\"check\",\"params\":{}}";

  return see (run, send_frame (header_of (CALL, 1, body), body, CHANNEL));
}

/* A body in a memfd that shrinks after it was sent: a host that maps it without its seals dies of SIGBUS. */
ATTACK (shrinking_memfd)
{
  int fd = (int)syscall (SYS_memfd_create, "x", 2u /* MFD_ALLOW_SEALING */);
  Header header = { MAGIC, CALL, 1, 1, 100000, 0 };
  long sent;

  if (fd < 0 || ftruncate (fd, 100000) != 0)
    return attack_verdict (-1);
  sent = send_raw (&header, sizeof header, fd);
  if (ftruncate (fd, 0) != 0)
    return attack_verdict (-1);
  return see (run, sent);
}

/* Every descriptor that the worker holds: can one that came from the host be written, grown, shrunk or unsealed? */
ATTACK (host_memfd)
{
  g_autoptr (RoyalTable) table = royal_run_read (run, "retail.sales", input, NULL);

  if (table == NULL)
    return attack_result (TRUE, "no table was had, so nothing was tried");
  for (int fd = 0; fd < 1024; fd++)
    if (fd != CHANNEL && fcntl (fd, F_GET_SEALS) >= 0 &&
        (ftruncate (fd, 1) == 0 || pwrite (fd, "x", 1, 0) == 1 || fcntl (fd, F_ADD_SEALS, 0) == 0))
      return attack_result (TRUE, "a descriptor of the host was changed");
  return attack_result (FALSE, "no descriptor of the host can be changed");
}

ATTACK (flood)
{
  const char *body = "{\"fraction\":0.5,\"message\":\"flood\"}";

  for (int i = 0; i < 10000000; i++)
    if (send_frame (header_of (PROGRESS, 1, body), body, -1) < 0)
      return attack_verdict (-1);
  return attack_result (TRUE, "10,000,000 messages were taken");
}

/* Answers are never read: the host must neither block nor keep them for ever. */
ATTACK (never_read)
{
  const char *body = "{\"method\":\"check\",\"params\":{}}";

  for (guint64 id = 1; id < 1000000; id++)
    if (send_frame (header_of (CALL, id, body), body, -1) < 0)
      return attack_verdict (-1);
  return attack_result (TRUE, "1,000,000 questions were taken");
}

ATTACK (close_channel)
{
  close (CHANNEL);
  return attack_result (FALSE, "this is not heard");
}

ROYAL_AGENT (ROYAL_TASK ("truncated", truncated),
             ROYAL_TASK ("empty", empty),
             ROYAL_TASK ("bad_magic", bad_magic),
             ROYAL_TASK ("wrong_length", wrong_length),
             ROYAL_TASK ("oversized", oversized),
             ROYAL_TASK ("unknown_type", unknown_type),
             ROYAL_TASK ("unknown_flags", unknown_flags),
             ROYAL_TASK ("host_message", host_message),
             ROYAL_TASK ("second_ready", second_ready),
             ROYAL_TASK ("nested", nested),
             ROYAL_TASK ("invalid_utf8", invalid_utf8),
             ROYAL_TASK ("not_json", not_json),
             ROYAL_TASK ("duplicate_member", duplicate_member),
             ROYAL_TASK ("duplicated_id", duplicated_id),
             ROYAL_TASK ("forged_id", forged_id),
             ROYAL_TASK ("forged_done", forged_done),
             ROYAL_TASK ("forged_progress", forged_progress),
             ROYAL_TASK ("descriptor", descriptor),
             ROYAL_TASK ("shrinking_memfd", shrinking_memfd),
             ROYAL_TASK ("host_memfd", host_memfd),
             ROYAL_TASK ("flood", flood),
             ROYAL_TASK ("never_read", never_read),
             ROYAL_TASK ("close_channel", close_channel))
