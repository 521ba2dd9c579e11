/* SPDX-License-Identifier: Apache-2.0 */
#include "rh-retail-rows.h"

#include "royal-csv.h"

#include <royal/error.h>
#include <string.h>

typedef enum { CELL_ID, CELL_TEXT, CELL_NUMBER, CELL_CHOICE, CELL_DATE, CELL_MONEY, CELL_DECIMAL } CellType;

/* What a cell may hold. expected completes "expected …, found …". */
typedef struct {
  CellType type;
  gint64 min;
  gint64 max;
  const char *choices; /* each between two spaces */
  const char *expected;
} Rule;

#define COLUMNS_MAX 10

typedef struct {
  const char *name;
  guint n_columns;
  RoyalCsvColumn columns[COLUMNS_MAX];
  Rule rules[COLUMNS_MAX];
} Kind;

#define UNITS_MAX G_GINT64_CONSTANT (1000000000)
#define AMOUNT_MAX G_GINT64_CONSTANT (999999999)
#define RULE_ID                                                                                                        \
  {                                                                                                                    \
    .type = CELL_ID, .expected = "a store's id of letters, digits, `.`, `_` and `-`"                                   \
  }
#define RULE_CATEGORY                                                                                                  \
  {                                                                                                                    \
    .type = CELL_ID, .expected = "a category's id of letters, digits, `.`, `_` and `-`"                                \
  }
#define RULE_DATE                                                                                                      \
  {                                                                                                                    \
    .type = CELL_DATE, .expected = "a day of the calendar, YYYY-MM-DD"                                                 \
  }
#define RULE_PRICE                                                                                                     \
  {                                                                                                                    \
    .type = CELL_MONEY, .expected = "an amount above 0 with at most two decimals, such as 89.90"                       \
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

#define RULE_NAMED(text)                                                                                               \
  {                                                                                                                    \
    .type = CELL_TEXT, .max = 100, .expected = (text)                                                                  \
  }
#define RULE_DECIMAL(low, high, text)                                                                                  \
  {                                                                                                                    \
    .type = CELL_DECIMAL, .min = (low), .max = (high), .expected = (text)                                              \
  }
#define RULE_PRODUCT RULE_NAMED ("a product's id of 1 to 100 characters")
#define RULE_SUPPLIER RULE_NAMED ("a supplier of 1 to 100 characters")
#define RULE_DAYS RULE_DECIMAL (0, 365, "days from 0 to 365")
#define RULE_RATING RULE_DECIMAL (1, 5, "a rating from 1 to 5")
#define RULE_COUNT RULE_NUMBER (0, "a whole number from 0")

/* In the order of the columns of retail_stage() and catalog_stage(). */
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
  [RH_RETAIL_HISTORY] = {
    .name = "history",
    .n_columns = 5,
    .columns = { { "store_id", TRUE }, { "category_id", TRUE }, { "week_start_date", TRUE }, { "units_sold", TRUE },
                 { "price", FALSE } },
    .rules = { RULE_ID, RULE_CATEGORY, RULE_DATE, RULE_UNITS, RULE_PRICE },
  },
  [RH_RETAIL_CATALOG] = {
    .name = "catalog",
    .n_columns = 10,
    .columns = { { "product", TRUE }, { "supplier", TRUE }, { "title", TRUE }, { "price", TRUE }, { "cost", TRUE },
                 { "shipping", FALSE }, { "shipping_days", FALSE }, { "rating", FALSE }, { "reviews", FALSE },
                 { "sold", FALSE } },
    .rules = { RULE_PRODUCT, RULE_SUPPLIER,
               { .type = CELL_TEXT, .max = 500, .expected = "a title of 1 to 500 characters" }, RULE_PRICE, RULE_PRICE,
               RULE_DECIMAL (0, AMOUNT_MAX, "an amount from 0 such as 4.90"), RULE_DAYS, RULE_RATING, RULE_COUNT,
               RULE_DECIMAL (0, UNITS_MAX, "a number from 0") },
  },
  [RH_RETAIL_SIGNALS] = {
    .name = "signals",
    .n_columns = 3,
    .columns = { { "product", TRUE }, { "week", TRUE }, { "value", TRUE } },
    .rules = { RULE_PRODUCT, RULE_DATE, RULE_DECIMAL (0, UNITS_MAX, "a number from 0") },
  },
  [RH_RETAIL_PRICES] = {
    .name = "prices",
    .n_columns = 3,
    .columns = { { "variant", TRUE }, { "competitor", TRUE }, { "price", TRUE } },
    .rules = { RULE_NAMED ("a variant of 1 to 100 characters"), RULE_NAMED ("a competitor of 1 to 100 characters"),
               RULE_PRICE },
  },
  [RH_RETAIL_SUPPLIERS] = {
    .name = "suppliers",
    .n_columns = 9,
    .columns = { { "supplier", TRUE }, { "orders", TRUE }, { "late", FALSE }, { "failed", FALSE },
                 { "shipping_days", FALSE }, { "rating", FALSE }, { "reviews", FALSE }, { "messages", FALSE },
                 { "answered", FALSE } },
    .rules = { RULE_SUPPLIER, RULE_COUNT, RULE_COUNT, RULE_COUNT, RULE_DAYS, RULE_RATING, RULE_COUNT, RULE_COUNT,
               RULE_COUNT },
  },
  [RH_RETAIL_TRAFFIC] = {
    .name = "traffic",
    .n_columns = 3,
    .columns = { { "week", TRUE }, { "visits", TRUE }, { "orders", TRUE } },
    .rules = { RULE_DATE, RULE_COUNT, RULE_COUNT },
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
is_date (const char *text)
{
  gint64 year, month, day;

  if (strlen (text) != 10 || text[4] != '-' || text[7] != '-' || strspn (text, "0123456789-") != 10)
    return FALSE;
  year = g_ascii_strtoll (text, NULL, 10);
  month = g_ascii_strtoll (text + 5, NULL, 10);
  day = g_ascii_strtoll (text + 8, NULL, 10);
  return year >= 1900 && month >= 1 && day >= 1 && g_date_valid_dmy ((GDateDay)day, (GDateMonth)month, (GDateYear)year);
}

static gboolean
is_money (const char *text)
{
  gsize whole = strspn (text, "0123456789");
  gsize cents = text[whole] == '.' ? strspn (text + whole + 1, "0123456789") : 0;

  return whole >= 1 && whole <= 12 && cents <= 2 && text[whole + (text[whole] == '.') + cents] == '\0' &&
         (text[whole] != '.' || cents > 0) && strpbrk (text, "123456789") != NULL;
}

/* Digits, and at most nine after a point: no sign, no exponent. */
static gboolean
is_decimal (const Rule *rule, const char *text)
{
  gsize whole = strspn (text, "0123456789");
  gsize part = text[whole] == '.' ? strspn (text + whole + 1, "0123456789") : 0;
  double value;

  if (whole < 1 || whole > 12 || part > 9 || (text[whole] == '.' && part == 0) ||
      text[whole + (text[whole] == '.' ? 1 + part : 0)] != '\0')
    return FALSE;
  value = g_ascii_strtod (text, NULL);
  return value >= (double)rule->min && value <= (double)rule->max;
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
    case CELL_DATE:
      return is_date (text);
    case CELL_MONEY:
      return is_money (text);
    case CELL_DECIMAL:
      return is_decimal (rule, text);
    }
  g_assert_not_reached ();
}

/* As a field of COPY's text format. */
static void
append_field (GString *out, const char *text)
{
  static const char special[] = "\\\n\r\t";
  static const char *const escaped[] = { "\\\\", "\\n", "\\r", "\\t" };

  g_string_append_c (out, '\t');
  if (text == NULL || *text == '\0')
    {
      g_string_append (out, "\\N");
      return;
    }
  for (;;)
    {
      gsize plain = strcspn (text, special);

      g_string_append_len (out, text, (gssize)plain);
      if (text[plain] == '\0')
        return;
      g_string_append (out, escaped[strchr (special, text[plain]) - special]);
      text += plain + 1;
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

struct _RhRetailRows {
  const Kind *kind;
  RoyalCsv *csv;
  GString *faults; /* their messages */
  guint n_faults;
  guint64 n_rows;
};

void
rh_retail_rows_free (RhRetailRows *self)
{
  if (self == NULL)
    return;
  royal_csv_free (self->csv);
  g_string_free (self->faults, TRUE);
  g_free (self);
}

static void
add_fault (RhRetailRows *self, const char *message)
{
  if (self->n_faults++ < RH_RETAIL_FAULTS_MAX)
    g_string_append_printf (self->faults, "%s%s", self->n_faults > 1 ? "\n" : "", message);
}

static void
check_cells (RhRetailRows *self)
{
  const Kind *kind = self->kind;

  for (guint i = 0; i < kind->n_columns; i++)
    {
      const char *text = royal_csv_cell (self->csv, i);
      g_autofree char *found = NULL;
      g_autofree char *message = NULL;

      if (text == NULL || (*text == '\0' && !kind->columns[i].required) || cell_holds (&kind->rules[i], text))
        continue;
      found = shown (text);
      message = g_strdup_printf ("%s: line %u, column %s: expected %s, found %s", kind->name,
                                 royal_csv_line (self->csv), kind->columns[i].name, kind->rules[i].expected, found);
      add_fault (self, message);
    }
}

static void
append_row (RhRetailRows *self, GString *out)
{
  g_string_append_printf (out, "%u", royal_csv_line (self->csv));
  for (guint i = 0; i < self->kind->n_columns; i++)
    append_field (out, royal_csv_cell (self->csv, i));
  g_string_append_c (out, '\n');
}

RhRetailRows *
rh_retail_rows_new (RhRetailKind kind, GBytes *text, GError **error)
{
  g_autoptr (RoyalCsv) csv = NULL;
  RhRetailRows *self;

  g_return_val_if_fail (kind < RH_RETAIL_N_KINDS, NULL);
  g_return_val_if_fail (text != NULL, NULL);

  csv = royal_csv_new (text, kinds[kind].name, kinds[kind].columns, kinds[kind].n_columns, ROYAL_CSV_REFUSE_OTHERS,
                       error);
  if (csv == NULL)
    return NULL;
  self = g_new0 (RhRetailRows, 1);
  self->kind = &kinds[kind];
  self->csv = g_steal_pointer (&csv);
  self->faults = g_string_new (NULL);
  return self;
}

GBytes *
rh_retail_rows_take (RhRetailRows *self, gsize least, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);

  g_return_val_if_fail (self != NULL, NULL);

  while (out->len < least)
    {
      g_autoptr (GError) fault = NULL;

      if (!royal_csv_next (self->csv, &fault))
        {
          if (fault == NULL)
            break;
          add_fault (self, fault->message);
          continue;
        }
      check_cells (self);
      if (self->n_faults > 0)
        continue;
      append_row (self, out);
      self->n_rows++;
    }
  if (self->n_faults == 0 && out->len > 0)
    return g_string_free_to_bytes (g_steal_pointer (&out));

  if (self->n_faults > RH_RETAIL_FAULTS_MAX)
    g_string_append_printf (self->faults, "\n%s: and %u more", self->kind->name, self->n_faults - RH_RETAIL_FAULTS_MAX);
  else if (self->n_faults == 0 && self->n_rows == 0)
    g_string_append_printf (self->faults, "%s: the file has no rows", self->kind->name);
  if (self->faults->len > 0)
    g_set_error_literal (error, ROYAL_ERROR, ROYAL_ERROR_INVALID, self->faults->str);
  return NULL;
}
