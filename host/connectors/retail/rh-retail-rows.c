/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-retail-rows.h"

#include "rh-csv.h"

#include <royal/error.h>
#include <string.h>

typedef enum { CELL_ID, CELL_TEXT, CELL_NUMBER, CELL_CHOICE } CellType;

/* What a cell may hold. expected completes "expected …, found …". */
typedef struct {
  CellType type;
  gint64 min;
  gint64 max;
  const char *choices; /* each between two spaces */
  const char *expected;
} Rule;

#define COLUMNS_MAX 9

typedef struct {
  const char *name;
  guint n_columns;
  RhCsvColumn columns[COLUMNS_MAX];
  Rule rules[COLUMNS_MAX];
} Kind;

#define UNITS_MAX G_GINT64_CONSTANT (1000000000)
#define RULE_ID                                                                                                        \
  {                                                                                                                    \
    .type = CELL_ID, .expected = "a store's id of letters, digits, `.`, `_` and `-`"                                   \
  }
#define RULE_NAME                                                                                                      \
  {                                                                                                                    \
    .type = CELL_TEXT, .max = 200, .expected = "a name of 1 to 200 characters"                                         \
  }
#define RULE_WEEK                                                                                                      \
  {                                                                                                                    \
    .type = CELL_NUMBER, .min = 1, .max = 104, .expected = "a week from 1 to 104"                                      \
  }
#define RULE_UNITS                                                                                                     \
  {                                                                                                                    \
    .type = CELL_NUMBER, .max = UNITS_MAX, .expected = "whole units from 0 to 1000000000"                              \
  }
#define RULE_NUMBER(low, text)                                                                                         \
  {                                                                                                                    \
    .type = CELL_NUMBER, .min = (low), .max = UNITS_MAX, .expected = (text)                                            \
  }
#define RULE_CHOICE(list, text)                                                                                        \
  {                                                                                                                    \
    .type = CELL_CHOICE, .choices = (list), .expected = (text)                                                         \
  }

/* In the order of the parameters of the functions of migrations/0004_retail.sql. */
static const Kind kinds[RH_RETAIL_N_KINDS] = {
  [RH_RETAIL_STORES] = {
    .name = "stores",
    .n_columns = 9,
    .columns = { { "store_id", TRUE }, { "name", TRUE }, { "size_sqft", FALSE }, { "tier", FALSE },
                 { "median_income", FALSE }, { "format", FALSE }, { "region", FALSE }, { "fashion_tier", FALSE },
                 { "avg_weekly_sales", FALSE } },
    .rules = { RULE_ID, RULE_NAME, RULE_NUMBER (1, "a whole size from 1"), RULE_CHOICE (" A B C ", "A, B or C"),
               RULE_NUMBER (0, "a whole amount from 0"),
               RULE_CHOICE (" MALL STANDALONE SHOPPING_CENTER OUTLET ", "MALL, STANDALONE, SHOPPING_CENTER or OUTLET"),
               RULE_CHOICE (" NORTHEAST SOUTHEAST MIDWEST WEST ", "NORTHEAST, SOUTHEAST, MIDWEST or WEST"),
               RULE_CHOICE (" PREMIUM MAINSTREAM VALUE ", "PREMIUM, MAINSTREAM or VALUE"),
               RULE_NUMBER (0, "whole units from 0") },
  },
  [RH_RETAIL_FORECAST] = {
    .name = "forecast",
    .n_columns = 3,
    .columns = { { "store_id", TRUE }, { "week_number", TRUE }, { "units", TRUE } },
    .rules = { RULE_ID, RULE_WEEK, RULE_UNITS },
  },
  [RH_RETAIL_ACTUALS] = {
    .name = "actuals",
    .n_columns = 3,
    .columns = { { "store_id", TRUE }, { "week_number", TRUE }, { "units_sold", TRUE } },
    .rules = { RULE_ID, RULE_WEEK, RULE_UNITS },
  },
};

gboolean
rh_retail_kind_from_name (const char *name, RhRetailKind *ret_kind)
{
  for (guint i = 0; i < RH_RETAIL_N_KINDS; i++)
    if (g_strcmp0 (kinds[i].name, name) == 0)
      {
        *ret_kind = (RhRetailKind)i;
        return TRUE;
      }
  return FALSE;
}

const char *
rh_retail_kind_name (RhRetailKind kind)
{
  g_return_val_if_fail (kind < RH_RETAIL_N_KINDS, NULL);

  return kinds[kind].name;
}

void
rh_retail_rows_free (RhRetailRows *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_arrays; i++)
    g_free (self->arrays[i]);
  g_free (self->arrays);
  g_free (self);
}

static gboolean
is_id (const char *text)
{
  gsize n = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

  return n >= 1 && n <= 63 && text[n] == '\0' && g_ascii_isalnum (text[0]);
}

/* Digits alone: no sign, no space, no fraction. */
static gboolean
is_number (const Rule *rule, const char *text)
{
  gsize n = strspn (text, "0123456789");
  gint64 value;

  if (n < 1 || n > 18 || text[n] != '\0')
    return FALSE;
  value = g_ascii_strtoll (text, NULL, 10);
  return value >= rule->min && value <= rule->max;
}

static gboolean
is_choice (const Rule *rule, const char *text)
{
  g_autofree char *needle = g_strconcat (" ", text, " ", NULL);

  return strchr (text, ' ') == NULL && strstr (rule->choices, needle) != NULL;
}

static gboolean
cell_holds (const Rule *rule, const char *text)
{
  switch (rule->type)
    {
    case CELL_ID:
      return is_id (text);
    case CELL_TEXT:
      return *text != '\0' && g_utf8_strlen (text, -1) <= rule->max;
    case CELL_NUMBER:
      return is_number (rule, text);
    case CELL_CHOICE:
      return is_choice (rule, text);
    }
  g_assert_not_reached ();
}

/* As an element of an SQL array. */
static void
append_element (GString *array, const Rule *rule, const char *text)
{
  if (text == NULL || *text == '\0')
    g_string_append (array, "NULL");
  else if (rule->type == CELL_NUMBER)
    g_string_append (array, text);
  else
    {
      g_string_append_c (array, '"');
      for (; *text != '\0'; text++)
        {
          if (*text == '"' || *text == '\\')
            g_string_append_c (array, '\\');
          g_string_append_c (array, *text);
        }
      g_string_append_c (array, '"');
    }
}

/* A cell's text for a message: short, one line. */
static char *
shown (const char *text)
{
  g_autofree char *start = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), 40));

  for (char *c = start; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = '?';
  return *start == '\0' ? g_strdup ("nothing") : g_strdup_printf ("`%s`", start);
}

typedef struct {
  GString *text;
  guint n;
} Faults;

static void
add_fault (Faults *faults, const char *message)
{
  if (faults->n++ < RH_RETAIL_FAULTS_MAX)
    g_string_append_printf (faults->text, "%s%s", faults->n > 1 ? "\n" : "", message);
}

static void
check_cells (const Kind *kind, RhCsv *csv, Faults *faults)
{
  for (guint i = 0; i < kind->n_columns; i++)
    {
      const char *text = rh_csv_cell (csv, i);
      g_autofree char *found = NULL;
      g_autofree char *message = NULL;

      if (text == NULL || (*text == '\0' && !kind->columns[i].required) || cell_holds (&kind->rules[i], text))
        continue;
      found = shown (text);
      message = g_strdup_printf ("%s: line %u, column %s: expected %s, found %s", kind->name, rh_csv_line (csv),
                                 kind->columns[i].name, kind->rules[i].expected, found);
      add_fault (faults, message);
    }
}

/* Reads on behind a fault, to report more than one. Returns the number of rows. */
static guint
read_rows (const Kind *kind, RhCsv *csv, GString **arrays, Faults *faults)
{
  for (guint n = 0;;)
    {
      g_autoptr (GError) error = NULL;

      if (!rh_csv_next (csv, &error))
        {
          if (error == NULL)
            return n;
          add_fault (faults, error->message);
          continue;
        }
      check_cells (kind, csv, faults);
      if (faults->n > 0)
        continue;
      /* NOLINTBEGIN(clang-analyzer-core.CallAndMessage): the caller has made as many arrays as there are columns. */
      for (guint i = 0; n > 0 && i <= kind->n_columns; i++)
        g_string_append_c (arrays[i], ',');
      g_string_append_printf (arrays[0], "%u", rh_csv_line (csv));
      for (guint i = 0; i < kind->n_columns; i++)
        append_element (arrays[i + 1], &kind->rules[i], rh_csv_cell (csv, i));
      /* NOLINTEND(clang-analyzer-core.CallAndMessage) */
      n++;
    }
}

RhRetailRows *
rh_retail_rows_parse (RhRetailKind which, GBytes *text, GError **error)
{
  g_autoptr (RhRetailRows) self = NULL;
  g_autoptr (RhCsv) csv = NULL;
  g_autoptr (GString) messages = g_string_new (NULL);
  GString *arrays[COLUMNS_MAX + 1];
  Faults faults = { messages, 0 };
  const Kind *kind;

  g_return_val_if_fail (which < RH_RETAIL_N_KINDS, NULL);
  g_return_val_if_fail (text != NULL, NULL);

  kind = &kinds[which];
  csv = rh_csv_new (text, kind->name, kind->columns, kind->n_columns, error);
  if (csv == NULL)
    return NULL;

  self = g_new0 (RhRetailRows, 1);
  self->n_arrays = kind->n_columns + 1;
  self->arrays = g_new0 (char *, self->n_arrays);
  for (guint i = 0; i < self->n_arrays; i++)
    arrays[i] = g_string_new ("{");
  self->n_rows = read_rows (kind, csv, arrays, &faults);
  for (guint i = 0; i < self->n_arrays; i++)
    self->arrays[i] = g_string_free (g_string_append_c (arrays[i], '}'), FALSE);

  if (faults.n > RH_RETAIL_FAULTS_MAX)
    g_string_append_printf (messages, "\n%s: and %u more", kind->name, faults.n - RH_RETAIL_FAULTS_MAX);
  else if (faults.n == 0 && self->n_rows == 0)
    g_string_append_printf (messages, "%s: the file has no rows", kind->name);
  if (messages->len > 0)
    {
      g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, messages->str);
      return NULL;
    }
  return g_steal_pointer (&self);
}
