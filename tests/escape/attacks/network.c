/* SPDX-License-Identifier: Apache-2.0 */

#include "attack.h"

#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

/* With seccomp out of the way a TCP attack goes on to connect or bind: that is what Landlock stops. */
static JsonNode *
tcp (gboolean listening, JsonObject *input)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  if (fd < 0)
    return attack_verdict (fd);
  address.sin_port = htons ((guint16)json_object_get_int_member_with_default (input, "port", 0));
  return attack_verdict (listening ? bind (fd, (struct sockaddr *)&address, sizeof address)
                                   : connect (fd, (struct sockaddr *)&address, sizeof address));
}

ATTACK (tcp_connect)
{
  return tcp (FALSE, input);
}

ATTACK (tcp_bind)
{
  return tcp (TRUE, input);
}

ATTACK (udp)
{
  return attack_verdict (socket (AF_INET, SOCK_DGRAM, 0));
}

ATTACK (unix_socket)
{
  return attack_verdict (socket (AF_UNIX, SOCK_STREAM, 0));
}

ATTACK (unix_pair)
{
  int pair[2];

  return attack_verdict (socketpair (AF_UNIX, SOCK_STREAM, 0, pair));
}

ATTACK (netlink)
{
  return attack_verdict (socket (AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

ATTACK (raw)
{
  return attack_verdict (socket (AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

ATTACK (packet)
{
  return attack_verdict (socket (AF_PACKET, SOCK_RAW, 0));
}

ATTACK (vsock)
{
  return attack_verdict (socket (AF_VSOCK, SOCK_STREAM, 0));
}

ATTACK (io_uring)
{
  char parameters[256] = "";

  return attack_verdict (syscall (SYS_io_uring_setup, 8, parameters));
}

ROYAL_AGENT (ROYAL_TASK ("tcp_connect", tcp_connect),
             ROYAL_TASK ("tcp_bind", tcp_bind),
             ROYAL_TASK ("udp", udp),
             ROYAL_TASK ("unix_socket", unix_socket),
             ROYAL_TASK ("unix_pair", unix_pair),
             ROYAL_TASK ("netlink", netlink),
             ROYAL_TASK ("raw", raw),
             ROYAL_TASK ("packet", packet),
             ROYAL_TASK ("vsock", vsock),
             ROYAL_TASK ("io_uring", io_uring))
