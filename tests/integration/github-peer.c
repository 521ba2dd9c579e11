/* SPDX-License-Identifier: Apache-2.0 */

/* A fake of GitHub's REST interface, in a process of its own; prints its port. GET /fake tells what it has, PUT
 * /fake/merged/N merges. */

#include "github-fake.h"

#include <stdio.h>

int
main (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  GithubFake *fake = github_fake_new ();

  printf ("%u\n", github_fake_port (fake));
  fflush (stdout);
  g_main_loop_run (loop);
  github_fake_free (fake);
  return 0;
}
