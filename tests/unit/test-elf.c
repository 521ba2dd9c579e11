/* SPDX-License-Identifier: Apache-2.0 */
#include "elf-maker.h"
#include "royal-elf.h"
#include "royal-manifest.h"

#include <royal/error.h>

static const char manifest_text[] =
    "{\"id\":\"hello\",\"name\":\"Hello\",\"version\":\"1.0.0\",\"description\":\"Greets.\","
    "\"abi\":1,\"tasks\":{\"greet\":{\"description\":\"Says hello.\"}}}";

static RoyalManifest *
read_bytes (const guint8 *data, gsize length, GError **error)
{
  /* A copy of exactly that length: reading beyond it is for the sanitizer to find. */
  g_autoptr (GBytes) bytes = g_bytes_new (data, length);

  return royal_manifest_read_bytes (bytes, "m.so", error);
}

static void
test_sound (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) module = elf_maker_new (manifest_text);
  g_autoptr (RoyalManifest) manifest = read_bytes (module->data, module->len, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (royal_manifest_id (manifest), ==, "hello");

  g_autoptr (GBytes) bytes = g_bytes_new (module->data, module->len);
  g_autoptr (RoyalElf) elf = royal_elf_new (bytes, "m.so", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (royal_elf_imports (elf)[0], ==, "socket");
  g_assert_null (royal_elf_imports (elf)[1]);
  g_assert_cmpstr (royal_elf_exports (elf)[0], ==, "royal_agent");
  g_assert_null (royal_elf_exports (elf)[1]);
}

/* Cut off anywhere: an error or, once the manifest is whole, the manifest. */
static void
test_truncated (void)
{
  g_autoptr (GByteArray) module = elf_maker_new (manifest_text);

  for (guint length = 0; length < module->len; length++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) bytes = g_bytes_new (module->data, length);
      g_autoptr (RoyalElf) elf = royal_elf_new (bytes, "m.so", NULL);
      g_autoptr (RoyalManifest) manifest = read_bytes (module->data, length, &error);

      g_assert_true ((manifest == NULL) == (error != NULL));
      if (elf != NULL)
        g_assert_nonnull (royal_elf_imports (elf));
    }
}

/* Every byte outside of the manifest, turned into what offsets and lengths like least. */
static void
test_corrupted (void)
{
  static const guint8 values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
  g_autoptr (GByteArray) module = elf_maker_new (manifest_text);

  for (guint i = 0; i < module->len; i++)
    for (guint v = 0; v < G_N_ELEMENTS (values); v++)
      {
        g_autoptr (GError) error = NULL;
        guint8 was = module->data[i];

        module->data[i] = values[v];
        g_autoptr (GBytes) bytes = g_bytes_new (module->data, module->len);
        module->data[i] = was;
        g_autoptr (RoyalElf) elf = royal_elf_new (bytes, "m.so", NULL);
        g_autoptr (RoyalManifest) manifest = royal_manifest_read_bytes (bytes, "m.so", &error);
        g_assert_true ((manifest == NULL) == (error != NULL));
        if (elf != NULL)
          g_assert_nonnull (royal_elf_exports (elf));
      }
}

static void
expect (GByteArray *module, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RoyalManifest) manifest = read_bytes (module->data, module->len, &error);

  g_assert_null (manifest);
  g_assert_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_refusals (void)
{
  g_autoptr (GByteArray) module = elf_maker_new (manifest_text);
  Elf64_Ehdr *header = (Elf64_Ehdr *)module->data;
  Elf64_Shdr *sections = (Elf64_Shdr *)(module->data + sizeof *header);

  header->e_type = ET_EXEC;
  expect (module, "m.so: expected a shared object, found another kind of ELF file");
  header->e_type = ET_DYN;
  header->e_ident[EI_CLASS] = ELFCLASS32;
  expect (module, "m.so: expected a 64-bit little-endian ELF file, found another kind");
  header->e_ident[EI_CLASS] = ELFCLASS64;
  header->e_shoff = G_MAXUINT64 - 8;
  expect (module, "m.so: the table of sections reaches beyond the end of the file");
  header->e_shoff = sizeof *header;
  header->e_shnum = 0;
  expect (module, "m.so: expected a table of sections, found none");
  header->e_shnum = ELF_MAKER_SECTIONS;
  header->e_ident[0] = 'X';
  expect (module, "m.so: expected an ELF shared object, found another file");
  header->e_ident[0] = ELFMAG0;

  static const char no_manifest[] = "m.so: expected one section .royal.manifest, found none or several; build with "
                                    "-DROYAL_MANIFEST=\"…\" (see royal-manifest(5))";
  sections[2].sh_offset = G_MAXUINT64 - 8;
  expect (module, no_manifest);
  sections[2].sh_offset = sections[1].sh_offset;
  sections[4] = sections[2];
  expect (module, no_manifest);
}

static void
test_named (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) module = elf_maker_new ("{}");

  g_assert_null (read_bytes (module->data, module->len, &error));
  g_assert_cmpstr (error->message, ==, "m.so (manifest): expected a member `id`, found none");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/elf/sound", test_sound);
  g_test_add_func ("/elf/truncated", test_truncated);
  g_test_add_func ("/elf/corrupted", test_corrupted);
  g_test_add_func ("/elf/refusals", test_refusals);
  g_test_add_func ("/elf/named", test_named);
  return g_test_run ();
}
