/* SPDX-License-Identifier: Apache-2.0 */
#include "royal-manifest.h"

#include "royal-elf.h"
#include "royal-json.h"
#include "royal-manifest-resource.h"
#include "royal-schema.h"

#include <royal/error.h>
#include <royal/version.h>

#define MANIFEST_SIZE_MAX (256u * 1024)
#define SCHEMA_PATH "/royal/schema/manifest.schema.json"

struct _RoyalManifest {
  gatomicrefcount refs;
  JsonNode *document;
  char **tasks;
  char **reads;
  char **writes;
};

static RoyalSchema *
load_schema (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_resource_lookup_data (royal_manifest_get_resource (), SCHEMA_PATH, 0, &error);
  g_assert_no_error (error);

  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  g_autoptr (JsonNode) node = royal_json_parse (data, (gssize)length, "manifest.schema.json", &error);
  g_assert_no_error (error);
  RoyalSchema *schema = royal_schema_new (node, "manifest.schema.json", &error);
  g_assert_no_error (error);
  return schema;
}

RoyalSchema *
royal_manifest_schema (void)
{
  static RoyalSchema *schema;
  static gsize once;

  if (g_once_init_enter (&once))
    {
      schema = load_schema ();
      g_once_init_leave (&once, 1);
    }
  return schema;
}

static JsonObject *
root (RoyalManifest *self)
{
  return json_node_get_object (self->document);
}

static char **
names_of_array (JsonArray *array, const char *member)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    g_strv_builder_add (names, member != NULL ? royal_json_string (json_array_get_object_element (array, i), member, "")
                                              : json_array_get_string_element (array, i));
  return g_strv_builder_end (names);
}

static char **
names_of_object (JsonObject *object)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    g_strv_builder_add (names, name);
  return g_strv_builder_end (names);
}

/* A schema inside of the manifest has to be one itself, and to describe an object. */
static gboolean
check_inner_schema (JsonObject *holder, const char *member, const char *what, const char *at, GError **error)
{
  JsonNode *node = json_object_get_member (holder, member);
  if (node == NULL)
    return TRUE;

  const char *type = royal_json_string (json_node_get_object (node), "type", NULL);
  if (g_strcmp0 (type, "object") != 0)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: %s: expected a schema with \"type\": \"object\", found one %s%s", what, at,
                   type != NULL ? "for " : "without a type", type != NULL ? type : "");
      return FALSE;
    }
  g_autoptr (RoyalSchema) schema = royal_schema_new_at (node, what, at, error);
  return schema != NULL;
}

static gboolean
check_schemas (RoyalManifest *self, const char *what, GError **error)
{
  JsonObject *tasks = json_object_get_object_member (root (self), "tasks");

  for (guint i = 0; self->tasks[i] != NULL; i++)
    {
      g_autofree char *at = g_strdup_printf ("/tasks/%s/input", self->tasks[i]);
      if (!check_inner_schema (json_object_get_object_member (tasks, self->tasks[i]), "input", what, at, error))
        return FALSE;
    }
  return check_inner_schema (root (self), "config", what, "/config", error);
}

static gboolean
check_actions (RoyalManifest *self, const char *what, GError **error)
{
  for (guint i = 0; self->writes[i] != NULL; i++)
    for (guint j = 0; j < i; j++)
      if (g_str_equal (self->writes[i], self->writes[j]))
        {
          g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                       "%s: /writes/%u/action: expected each action once, found \"%s\" again", what, i,
                       self->writes[i]);
          return FALSE;
        }
  return TRUE;
}

RoyalManifest *
royal_manifest_parse (const char *data, gsize length, const char *what, GError **error)
{
  g_return_val_if_fail (data != NULL, NULL);
  g_return_val_if_fail (what != NULL, NULL);

  if (length > MANIFEST_SIZE_MAX)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, "%s: expected at most %u bytes, found %" G_GSIZE_FORMAT,
                   what, MANIFEST_SIZE_MAX, length);
      return NULL;
    }

  g_autoptr (RoyalManifest) self = g_new0 (RoyalManifest, 1);
  g_atomic_ref_count_init (&self->refs);
  self->document = royal_json_parse (data, (gssize)length, what, error);
  if (self->document == NULL || !royal_schema_validate (royal_manifest_schema (), self->document, what, error))
    return NULL;
  royal_schema_fill_defaults (royal_manifest_schema (), self->document);
  self->tasks = names_of_object (json_object_get_object_member (root (self), "tasks"));
  self->reads = names_of_array (royal_json_array (root (self), "reads"), NULL);
  self->writes = names_of_array (royal_json_array (root (self), "writes"), "action");
  if (!check_schemas (self, what, error) || !check_actions (self, what, error))
    return NULL;
  return g_steal_pointer (&self);
}

RoyalManifest *
royal_manifest_read_file (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (GBytes) bytes = royal_elf_read (path, error);
  if (bytes == NULL)
    return NULL;

  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  return royal_manifest_parse (data != NULL ? data : "", length, path, error);
}

RoyalManifest *
royal_manifest_read_bytes (GBytes *module, const char *what, GError **error)
{
  g_return_val_if_fail (module != NULL, NULL);
  g_return_val_if_fail (what != NULL, NULL);

  g_autoptr (RoyalElf) elf = royal_elf_new (module, what, error);
  if (elf == NULL)
    return NULL;

  gsize length = 0;
  const char *data = royal_elf_section (elf, ROYAL_MANIFEST_SECTION, &length);
  if (data == NULL)
    {
      g_set_error (error, ROYAL_ERROR, ROYAL_ERROR_INVALID,
                   "%s: expected one section " ROYAL_MANIFEST_SECTION
                   ", found none or several; build with -DROYAL_MANIFEST=\"…\" (see royal-manifest(5))",
                   what);
      return NULL;
    }
  g_autofree char *name = g_strdup_printf ("%s (manifest)", what);
  return royal_manifest_parse (data, length, name, error);
}

RoyalManifest *
royal_manifest_read_module (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (GBytes) bytes = royal_elf_read (path, error);
  return bytes != NULL ? royal_manifest_read_bytes (bytes, path, error) : NULL;
}

RoyalManifest *
royal_manifest_ref (RoyalManifest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
royal_manifest_unref (RoyalManifest *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->document, json_node_unref);
  g_clear_pointer (&self->tasks, g_strfreev);
  g_clear_pointer (&self->reads, g_strfreev);
  g_clear_pointer (&self->writes, g_strfreev);
  g_free (self);
}

#define STRING_ACCESSOR(member)                                                                                        \
  const char *royal_manifest_##member (RoyalManifest *self)                                                            \
  {                                                                                                                    \
    g_return_val_if_fail (self != NULL, NULL);                                                                         \
    return royal_json_string (root (self), #member, "");                                                               \
  }

STRING_ACCESSOR (id)
STRING_ACCESSOR (name)
STRING_ACCESSOR (version)
STRING_ACCESSOR (description)
STRING_ACCESSOR (cluster)

guint
royal_manifest_abi (RoyalManifest *self)
{
  g_return_val_if_fail (self != NULL, 0);

  /* 1.0 is an integer to JSON Schema. */
  return (guint)CLAMP (json_object_get_double_member (root (self), "abi"), 0, G_MAXUINT);
}

const char *const *
royal_manifest_tasks (RoyalManifest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char *const *)self->tasks;
}

const char *const *
royal_manifest_reads (RoyalManifest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char *const *)self->reads;
}

const char *const *
royal_manifest_writes (RoyalManifest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char *const *)self->writes;
}

JsonObject *
royal_manifest_task_input (RoyalManifest *self, const char *task)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (task != NULL, NULL);

  JsonObject *found = royal_json_object (json_object_get_object_member (root (self), "tasks"), task);
  return found != NULL ? royal_json_object (found, "input") : NULL;
}

JsonObject *
royal_manifest_config_schema (RoyalManifest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return royal_json_object (root (self), "config");
}

JsonObject *
royal_manifest_json (RoyalManifest *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return root (self);
}
