/* SPDX-License-Identifier: Apache-2.0 */

#include "attack.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

/* These succeed until a limit stops them: what counts is that only the worker suffers. */

ATTACK (memory)
{
  for (gsize n = 0;; n++)
    {
      char *block = malloc (16 * 1024 * 1024);

      if (block == NULL)
        return attack_result (FALSE, "malloc failed");
      memset (block, 1, 16 * 1024 * 1024);
      if (n > 1024)
        return attack_result (TRUE, "16 GiB were had");
    }
}

ATTACK (address_space)
{
  void *area = mmap (NULL, (size_t)1 << 42, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  return attack_verdict (area == MAP_FAILED ? -1 : 0);
}

ATTACK (cpu)
{
  volatile guint64 turns = 0;

  while (TRUE)
    turns++;
  return NULL;
}

ATTACK (descriptors)
{
  for (int i = 0; i < 100000; i++)
    if (dup (3) < 0)
      return attack_verdict (-1);
  return attack_result (TRUE, "100,000 descriptors");
}

static void *
sleep_long (void *data)
{
  sleep (60);
  return NULL;
}

ATTACK (threads)
{
  for (int i = 0; i < 100000; i++)
    {
      pthread_t thread;
      int failed = pthread_create (&thread, NULL, sleep_long, NULL);

      if (failed != 0)
        return attack_result (FALSE, g_strerror (failed));
    }
  return attack_result (TRUE, "100,000 threads");
}

static int
deeper (volatile char *above)
{
  volatile char here[65536];

  here[0] = above != NULL ? above[0] : 1;
  return deeper (here) + here[0];
}

ATTACK (stack)
{
  return attack_result (deeper (NULL) != 0, "the stack has no end");
}

ATTACK (log_flood)
{
  for (int i = 0; i < 10000000; i++)
    royal_run_log (run, "flood %d", i);
  return attack_result (TRUE, "10,000,000 lines");
}

ATTACK (progress_flood)
{
  for (int i = 0; i < 1000; i++)
    royal_run_progress (run, 0.5, "flood");
  return attack_result (FALSE, "dropped where they came too fast");
}

ATTACK (big_result)
{
  g_autofree char *text = g_strnfill (64 * 1024 * 1024, 'x');

  return attack_result (TRUE, text);
}

ATTACK (big_state)
{
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  g_autoptr (JsonNode) value = json_node_init_string (json_node_alloc (), text);
  g_autoptr (GError) refused = NULL;

  if (royal_run_state_put (run, "big", value, 0, &refused))
    return attack_result (TRUE, "a megabyte was stored");
  return attack_result (FALSE, refused->message);
}

ATTACK (many_keys)
{
  for (int i = 0; i < 10000; i++)
    {
      g_autofree char *key = g_strdup_printf ("key-%d", i);
      g_autoptr (JsonNode) value = json_node_init_int (json_node_alloc (), i);
      g_autoptr (GError) refused = NULL;

      if (!royal_run_state_put (run, key, value, 0, &refused))
        return attack_result (FALSE, refused->message);
    }
  return attack_result (TRUE, "10,000 keys were stored");
}

ROYAL_AGENT (ROYAL_TASK ("memory", memory),
             ROYAL_TASK ("address_space", address_space),
             ROYAL_TASK ("cpu", cpu),
             ROYAL_TASK ("descriptors", descriptors),
             ROYAL_TASK ("threads", threads),
             ROYAL_TASK ("stack", stack),
             ROYAL_TASK ("log_flood", log_flood),
             ROYAL_TASK ("progress_flood", progress_flood),
             ROYAL_TASK ("big_result", big_result),
             ROYAL_TASK ("big_state", big_state),
             ROYAL_TASK ("many_keys", many_keys))
