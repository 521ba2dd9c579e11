/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-git-link.h"

#include <royal/error.h>
#include <sodium.h>
#include <string.h>

#define SAID_MAX 1024

/* --- What libgit2 asks -------------------------------------------------------------------------------------------- */

static int
answer_ssh (const RhGitLink *self, git_credential **out, unsigned int allowed)
{
  const RhGitPlace *place = self->access->place;

  if (self->access->ssh_key == NULL)
    return git_credential_ssh_key_from_agent (out, place->user);
  if ((allowed & GIT_CREDENTIAL_SSH_MEMORY) != 0)
    return git_credential_ssh_key_memory_new (out, place->user, NULL, rh_secret_bytes (self->access->ssh_key), NULL);
  return GIT_EUSER;
}

static int
answer_https (const RhGitLink *self, git_credential **out)
{
  char *token;
  int code;

  if (self->access->token == NULL)
    return GIT_EUSER;
  token = g_strchomp (g_strdup (rh_secret_bytes (self->access->token)));
  code = git_credential_userpass_plaintext_new (out, self->access->place->user, token);
  sodium_memzero (token, strlen (token));
  g_free (token);
  return code;
}

/* It is asked again when an answer was not accepted: there is no second one. */
static int
on_credential (git_credential **out, const char *url, const char *user, unsigned int allowed, void *payload)
{
  RhGitLink *self = payload;
  int code;

  if (allowed == GIT_CREDENTIAL_USERNAME)
    return git_credential_username_new (out, self->access->place->user);
  if (self->asked++ > 0)
    {
      self->refused = TRUE;
      return GIT_EUSER;
    }
  code = (allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0 && !g_str_has_prefix (self->access->place->url, "ssh:")
             ? answer_https (self, out)
             : answer_ssh (self, out, allowed);
  self->refused = code < 0;
  return code;
}

static gboolean
is_host_key (const RhGitPlace *place, const git_cert_hostkey *key)
{
  g_autofree char *hash = NULL;

  if ((key->type & GIT_CERT_SSH_SHA256) == 0 || place->host_key == NULL)
    return FALSE;
  hash = g_base64_encode (key->hash_sha256, sizeof key->hash_sha256);
  hash[strcspn (hash, "=")] = '\0';
  return strcmp (hash, place->host_key) == 0;
}

static int
on_certificate (git_cert *cert, int valid, const char *host, void *payload)
{
  RhGitLink *self = payload;
  gboolean trusted = cert->cert_type == GIT_CERT_HOSTKEY_LIBSSH2
                         ? is_host_key (self->access->place, (const git_cert_hostkey *)(const void *)cert)
                         : valid != 0;

  self->distrusted = !trusted;
  return trusted ? 0 : GIT_ECERTIFICATE;
}

static int
on_said (const char *text, int length, void *payload)
{
  RhGitLink *self = payload;

  if (length > 0 && self->said->len < SAID_MAX)
    g_string_append_len (self->said, text, MIN (length, (int)(SAID_MAX - self->said->len)));
  return g_cancellable_is_cancelled (self->access->cancellable) ? GIT_EUSER : 0;
}

static int
on_received (const git_indexer_progress *progress, void *payload)
{
  const RhGitLink *self = payload;

  return g_cancellable_is_cancelled (self->access->cancellable) ? GIT_EUSER : 0;
}

/* The lease: what the server says now, in the conversation in which it will be told, is what was expected. The server
 * compares it once more when it takes the lock. */
static int
on_negotiated (const git_push_update **updates, size_t n, void *payload)
{
  RhGitLink *self = payload;
  git_oid expected = { { 0 } };

  if (self->leases && self->expected != NULL && git_oid_fromstr (&expected, self->expected) < 0)
    return GIT_EUSER;
  for (size_t i = 0; self->leases && i < n; i++)
    self->moved |= !git_oid_equal (&updates[i]->src, &expected);
  self->sent = !self->moved;
  return self->moved ? GIT_EUSER : 0;
}

static int
on_updated (const char *name, const char *status, void *payload)
{
  RhGitLink *self = payload;

  if (status != NULL && self->declined == NULL)
    self->declined = g_strdup (status);
  return 0;
}

void
rh_git_link_init (RhGitLink *self, const RhGitAccess *access, git_remote_callbacks *callbacks)
{
  g_return_if_fail (self != NULL && access != NULL && callbacks != NULL);

  *self = (RhGitLink){ .access = access, .said = g_string_new (NULL) };
  callbacks->credentials = on_credential;
  callbacks->certificate_check = on_certificate;
  callbacks->sideband_progress = on_said;
  callbacks->transfer_progress = on_received;
  callbacks->push_negotiation = on_negotiated;
  callbacks->push_update_reference = on_updated;
  callbacks->payload = self;
}

void
rh_git_link_clear (RhGitLink *self)
{
  g_free (self->declined);
  if (self->said != NULL)
    g_string_free (self->said, TRUE);
}

/* --- What a failure means ----------------------------------------------------------------------------------------- */

/* Parts of what libgit2 and servers say, where a code does not tell. */
static const struct {
  const char *part;
  RoyalError code;
  const char *meaning;
} meanings[] = {
  { "status code: 404", ROYAL_ERROR_NOT_FOUND, "there is no such repository, or the credential may not see it" },
  { "does not appear to be a git repository", ROYAL_ERROR_NOT_FOUND, "there is no such repository" },
  { "Repository not found", ROYAL_ERROR_NOT_FOUND, "there is no such repository, or the credential may not see it" },
  { "status code: 401", ROYAL_ERROR_DENIED, "the server does not accept the credential" },
  { "status code: 403", ROYAL_ERROR_DENIED, "the credential may not do this" },
};

/* Parts of what a server says of a branch that is not where it was. */
static const char *const stale[] = { "non-fast-forward", "fetch first", "failed to update ref", "failed to lock",
                                     "reference already exists" };

static gboolean
fail_declined (const RhGitLink *self, GError **error)
{
  g_autofree char *said = g_strstrip (g_utf8_make_valid (self->said->str, -1));
  RoyalError code = ROYAL_ERROR_FAILED;

  for (guint i = 0; i < G_N_ELEMENTS (stale); i++)
    if (strstr (self->declined, stale[i]) != NULL)
      code = ROYAL_ERROR_CONFLICT;
  g_set_error (error, ROYAL_ERROR, (int)code, "%s: the server declined it: %s%s%s", self->access->place->name,
               self->declined, said[0] != '\0' ? ": " : "", said);
  return FALSE;
}

gboolean
rh_git_link_check (const RhGitLink *self, int code, GError **error)
{
  const git_error *last = git_error_last ();
  const char *text = last != NULL && last->message != NULL ? last->message : "no reason was given";
  const char *name = self->access->place->name;

  if (code >= 0 && self->declined == NULL)
    return TRUE;
  if (self->declined != NULL)
    return fail_declined (self, error);
  if (self->moved || code == GIT_ENONFASTFORWARD)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_CONFLICT, "%s: the branch is not where it was observed", name);
  else if (self->distrusted)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, "%s: the server is not who it should be: %s", name,
                 g_str_has_prefix (self->access->place->url, "ssh:") ? "another host key" : "its certificate");
  else if (self->refused)
    g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_DENIED, "%s: the server does not accept the credential", name);
  else if (g_cancellable_is_cancelled (self->access->cancellable))
    g_set_error (error, ROYAL_ERROR, self->sent ? ROYAL_ERROR_PROTOCOL : ROYAL_ERROR_UNAVAILABLE, "%s: given up", name);
  else
    {
      for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
        if (strstr (text, meanings[i].part) != NULL || strstr (self->said->str, meanings[i].part) != NULL)
          {
            g_set_error (error, ROYAL_ERROR, (int)meanings[i].code, "%s: %s", name, meanings[i].meaning);
            return FALSE;
          }
      g_set_error (error, ROYAL_ERROR, self->sent ? ROYAL_ERROR_PROTOCOL : ROYAL_ERROR_UNAVAILABLE, "%s: %s", name,
                   text);
    }
  return FALSE;
}
