/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-clients.h"

#include "rh-bucket.h"

#include <royal/error.h>
#include <string.h>

#define BURST_S 5
#define CLIENTS_MAX 4096
#define HOPS_MAX 16

struct _RhClients {
  GPtrArray *proxies;  /* GInetAddressMask */
  GHashTable *buckets; /* network -> RhBucket */
  guint per_second;
};

void
rh_client_clear (RhClient *self)
{
  g_clear_pointer (&self->peer, g_free);
  g_clear_pointer (&self->network, g_free);
}

RhClients *
rh_clients_new (void)
{
  RhClients *self = g_new0 (RhClients, 1);

  self->proxies = g_ptr_array_new_with_free_func (g_object_unref);
  self->buckets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
rh_clients_free (RhClients *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->proxies);
  g_hash_table_unref (self->buckets);
  g_free (self);
}

gboolean
rh_clients_trust (RhClients *self, const char *proxies, GError **error)
{
  g_autoptr (GPtrArray) masks = g_ptr_array_new_with_free_func (g_object_unref);
  g_auto (GStrv) names = NULL;

  g_return_val_if_fail (self != NULL && proxies != NULL, FALSE);

  names = g_strsplit (proxies, ",", -1);
  for (guint i = 0; names[i] != NULL; i++)
    {
      GInetAddressMask *mask;

      if (*g_strstrip (names[i]) == '\0')
        continue;
      mask = g_inet_address_mask_new_from_string (names[i], NULL);
      if (mask == NULL)
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "trusted-proxies: expected ADDRESS or ADDRESS/BITS, found `%s`", names[i]);
          return FALSE;
        }
      g_ptr_array_add (masks, mask);
    }
  g_ptr_array_unref (self->proxies);
  self->proxies = g_steal_pointer (&masks);
  return TRUE;
}

void
rh_clients_limit (RhClients *self, guint per_second)
{
  g_return_if_fail (self != NULL);

  self->per_second = per_second;
  g_hash_table_remove_all (self->buckets);
}

static gboolean
is_proxy (RhClients *self, GInetAddress *address)
{
  for (guint i = 0; i < self->proxies->len; i++)
    if (g_inet_address_mask_matches (self->proxies->pdata[i], address))
      return TRUE;
  return FALSE;
}

/* The nearest hop that is no proxy of ours: what stands left of it anyone may have written. (transfer full) (nullable)
 */
static char *
client_of (RhClients *self, const char *forwarded)
{
  g_auto (GStrv) hops = g_strsplit (forwarded, ",", -1);
  guint n = g_strv_length (hops);
  char *client = NULL;

  for (guint i = 0; i < MIN (n, HOPS_MAX); i++)
    {
      g_autoptr (GInetAddress) address = g_inet_address_new_from_string (g_strstrip (hops[n - 1 - i]));

      if (address == NULL)
        return client;
      g_free (client);
      client = g_inet_address_to_string (address);
      if (!is_proxy (self, address))
        return client;
    }
  return client;
}

static gboolean
was_forwarded (SoupMessageHeaders *headers)
{
  static const char *const names[] = { "X-Forwarded-For", "Forwarded", "X-Real-IP", "Via" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (soup_message_headers_get_list (headers, names[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* Of IPv6 the network: a client has all of a /64. */
static char *
network_of (const char *peer)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (peer);
  g_autoptr (GInetAddress) network = NULL;
  guint8 bytes[16] = { 0 };

  if (address == NULL || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    return g_strdup (peer);
  memcpy (bytes, g_inet_address_to_bytes (address), 8);
  network = g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (network);
}

void
rh_clients_tell (RhClients *self, RhConnection *connection, SoupMessageHeaders *headers, RhClient *ret_client)
{
  g_autoptr (GInetAddress) address = NULL;
  const char *forwarded, *proto;

  g_return_if_fail (self != NULL && RH_IS_CONNECTION (connection) && headers != NULL && ret_client != NULL);

  *ret_client = (RhClient){ .is_local = rh_connection_is_local (connection) && !was_forwarded (headers),
                            .is_secure = rh_connection_is_secure (connection) };
  if (!rh_connection_is_unix (connection))
    address = g_inet_address_new_from_string (rh_connection_peer (connection));
  if (address != NULL && is_proxy (self, address))
    {
      forwarded = soup_message_headers_get_list (headers, "X-Forwarded-For");
      proto = soup_message_headers_get_one (headers, "X-Forwarded-Proto");
      ret_client->peer = forwarded != NULL ? client_of (self, forwarded) : NULL;
      ret_client->is_secure = ret_client->is_secure || (proto != NULL && g_ascii_strcasecmp (proto, "https") == 0);
    }
  if (ret_client->peer == NULL)
    ret_client->peer = g_strdup (rh_connection_peer (connection));
  ret_client->network = network_of (ret_client->peer);
}

static gboolean
is_full (gpointer key, gpointer value, gpointer now_us)
{
  RhBucket *bucket = value;

  return rh_bucket_wait_ms (bucket, bucket->burst, *(gint64 *)now_us) == 0;
}

/* When there are too many, those who did not ask for a while are forgotten; they lose nothing by it. If that is nobody,
 * the new ones share one bucket. */
static RhBucket *
bucket_of (RhClients *self, const char *network, gint64 now_us)
{
  RhBucket *bucket = g_hash_table_lookup (self->buckets, network);

  if (bucket == NULL && g_hash_table_size (self->buckets) >= CLIENTS_MAX &&
      g_hash_table_foreach_remove (self->buckets, is_full, &now_us) == 0)
    {
      network = "";
      bucket = g_hash_table_lookup (self->buckets, network);
    }
  if (bucket == NULL)
    {
      bucket = g_new (RhBucket, 1);
      rh_bucket_init (bucket, self->per_second, (double)self->per_second * BURST_S, now_us);
      g_hash_table_insert (self->buckets, g_strdup (network), bucket);
    }
  return bucket;
}

guint
rh_clients_take (RhClients *self, const RhClient *client)
{
  gint64 now_us = g_get_monotonic_time ();
  RhBucket *bucket;

  g_return_val_if_fail (self != NULL && client != NULL && client->network != NULL, 0);

  if (self->per_second == 0 || client->is_local)
    return 0;
  bucket = bucket_of (self, client->network, now_us);
  if (rh_bucket_take (bucket, 1, now_us))
    return 0;
  return (rh_bucket_wait_ms (bucket, 1, now_us) + 999) / 1000;
}
