/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* As much of GitHub's REST interface as the connector uses, with one repository, acme/shop, and the token good-token. Answers
 * have the members that GitHub's have, as far as they are read. */
typedef struct _GithubFake GithubFake;

GithubFake *github_fake_new (void);
void github_fake_free (GithubFake *self);
guint github_fake_port (GithubFake *self);
/* How many requests came that change something. */
guint github_fake_changes (GithubFake *self);
/* Makes the next request fail: with @status, and a header (nullable). */
void github_fake_fail (GithubFake *self, guint status, const char *header, const char *value);

G_END_DECLS
