/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* As much of GitHub's REST interface as the connector uses, with one repository, acme/shop, the token good-token, and the
 * installation 42 of the App 7, whose tokens are good for an hour. */
typedef struct _GithubFake GithubFake;

GithubFake *github_fake_new (void);
void github_fake_free (GithubFake *self);
/* Its port, or that of ROYAL_GITHUB_PORT, which asks the one of ROYAL_GITHUB_FAKE_PORT then. */
guint github_fake_port (GithubFake *self);
/* From now on each answer says that it was the last for 100 s. */
void github_fake_exhaust (GithubFake *self, gboolean exhausted);
/* How many requests came that change something. */
guint github_fake_changes (GithubFake *self);
/* How many reads were answered in full, and how many with 304. */
guint github_fake_reads (GithubFake *self);
guint github_fake_unchanged (GithubFake *self);
/* How many tokens the installation was given, and what it said last who it is: a JSON Web Token. Whether they end in @left_s
 * seconds, and that all that were given are taken no more. */
guint github_fake_tokens (GithubFake *self);
const char *github_fake_jwt (GithubFake *self);
void github_fake_set_left (GithubFake *self, int left_s);
void github_fake_withdraw (GithubFake *self);
/* Makes the next request fail: with @status, and a header (nullable). */
void github_fake_fail (GithubFake *self, guint status, const char *header, const char *value);

G_END_DECLS
