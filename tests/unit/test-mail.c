/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-mail.h"
#include "royal-json.h"

#include <string.h>

static void
expect (const char *message, gssize length, const char *expected)
{
  g_autoptr (JsonNode) node = rh_mail_parse (message, length < 0 ? strlen (message) : (gsize)length);
  g_autofree char *text = royal_json_to_string (node);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_plain (void)
{
  expect (
      "From: a@example.org\nTo: b@example.org\nSubject: Hello\nMessage-ID: <1@x>\n\nText\n", -1,
      "{\"from\":\"a@example.org\",\"to\":\"b@example.org\",\"subject\":\"Hello\",\"message_id\":\"<1@x>\",\"text\":"
      "\"Text\\n\",\"parts\":0}");
  expect ("", -1, "{\"text\":\"\",\"parts\":0}");
  expect ("\n", -1, "{\"text\":\"\",\"parts\":0}");
  expect ("no header at all", -1, "{\"text\":\"\",\"parts\":0}");
  expect ("Subject: one\nSubject: two\n\n", -1, "{\"subject\":\"one\",\"text\":\"\",\"parts\":0}");
  /* Folded; a header's name is not found inside another. */
  expect ("X-Subject: no\nsubject: a\n  b\n\tc\nTo:\n\n", -1,
          "{\"to\":\"\",\"subject\":\"a  b c\",\"text\":\"\",\"parts\":0}");
}

static void
test_words (void)
{
  expect ("Subject: =?utf-8?B?w6TDtg==?= =?iso-8859-1?q?_=FC?= end =?bad?x?y?=\n\n", -1,
          "{\"subject\":\"äö ü end =?bad?x?y?=\",\"text\":\"\",\"parts\":0}");
  /* A newline that is smuggled in is a blank. */
  expect ("Subject: =?utf-8?q?a=0D=0ABcc:=20x?=\n\n", -1, "{\"subject\":\"a  Bcc: x\",\"text\":\"\",\"parts\":0}");
  expect ("Subject: =?=?==?utf-8?q?\n\n", -1, "{\"subject\":\"=?=?==?utf-8?q?\",\"text\":\"\",\"parts\":0}");
}

static void
test_encodings (void)
{
  expect (
      "Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=iso-8859-1\n\na=E4=\nb=3D=\r\nc",
      -1, "{\"text\":\"aäb=c\",\"parts\":0}");
  expect ("Content-Transfer-Encoding: BASE64\n\naGVs\nbG8=\n", -1, "{\"text\":\"hello\",\"parts\":0}");
  expect ("Content-Type: text/plain; charset=\"../../etc\"\n\n\xff\xfe", -1, "{\"text\":\"��\",\"parts\":0}");
  expect ("\na\0b\x1b[31m", 8, "{\"text\":\"a b [31\",\"parts\":0}");
}

static void
test_parts (void)
{
  expect ("Content-Type: multipart/mixed; boundary=\"x\"\n\npreamble\n--x\nContent-Type: multipart/alternative; "
          "boundary=xy\n\n--xy\nContent-Type: text/html\n\n<p>\n--xy\n\nplain\n--xy--\n--x\nContent-Type: "
          "application/pdf\n\n%PDF\n--x--\nepilogue",
          -1, "{\"text\":\"plain\\n\",\"parts\":2}");
  /* Cut off, and in itself without end. */
  expect ("Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhalf", -1, "{\"text\":\"half\",\"parts\":0}");
  expect ("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nhalf", -1, "{\"text\":\"\",\"parts\":1}");
}

/* Whatever it is, it is read in bounded time, and what comes of it is JSON. */
static void
test_anything (void)
{
  static const char *const pieces[] = {
    "From: ",     "Content-Type: multipart/mixed; boundary=x",
    "\n--x\n",    "\n--x--\n",
    "\n",         "\r\n",
    "=?utf-8?b?", "?=",
    "=",          "Content-Transfer-Encoding: base64\n",
    "text/plain", "\t",
    "\xc3",       "\xe4",
    "=3D",        "; charset=utf-16",
  };

  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr (GString) message = g_string_new (NULL);
      g_autoptr (JsonNode) node = NULL;
      int n = g_test_rand_int_range (0, 60);

      for (int p = 0; p < n; p++)
        if (g_test_rand_int_range (0, 20) == 0)
          g_string_append_c (message, (char)g_test_rand_int_range (0, 256));
        else
          g_string_append (message, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
      node = rh_mail_parse (message->str, message->len);
      g_assert_true (royal_json_check (node, "message", NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mail/plain", test_plain);
  g_test_add_func ("/mail/words", test_words);
  g_test_add_func ("/mail/encodings", test_encodings);
  g_test_add_func ("/mail/parts", test_parts);
  g_test_add_func ("/mail/anything", test_anything);
  return g_test_run ();
}
