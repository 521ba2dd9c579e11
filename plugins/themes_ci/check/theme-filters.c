/* SPDX-License-Identifier: Apache-2.0 */
#include "theme-filters.h"

#include <string.h>

/* In the order of strcmp: searched by halves. https://shopify.dev/docs/api/liquid/filters */
static const char *const filters[] = { "_online_store_editor_live_setting",
                                       "abs",
                                       "addresses_url",
                                       "app_block_path?",
                                       "app_block_path_for",
                                       "app_extension_path?",
                                       "app_snippet_path?",
                                       "append",
                                       "article_img_url",
                                       "asset_img_url",
                                       "asset_url",
                                       "at_least",
                                       "at_most",
                                       "avatar",
                                       "base64_decode",
                                       "base64_encode",
                                       "base64_url_safe_decode",
                                       "base64_url_safe_encode",
                                       "blake3",
                                       "brightness_difference",
                                       "camelcase",
                                       "camelize",
                                       "cancel_customer_order_link",
                                       "capitalize",
                                       "ceil",
                                       "collection_img_url",
                                       "color_brightness",
                                       "color_contrast",
                                       "color_darken",
                                       "color_desaturate",
                                       "color_difference",
                                       "color_extract",
                                       "color_lighten",
                                       "color_mix",
                                       "color_modify",
                                       "color_saturate",
                                       "color_to_hex",
                                       "color_to_hsl",
                                       "color_to_oklch",
                                       "color_to_rgb",
                                       "compact",
                                       "concat",
                                       "currency_selector",
                                       "customer_login_link",
                                       "customer_logout_link",
                                       "customer_register_link",
                                       "date",
                                       "debug",
                                       "default",
                                       "default_errors",
                                       "default_pagination",
                                       "delete_customer_address_link",
                                       "dev_shop?",
                                       "distance_from",
                                       "divided_by",
                                       "downcase",
                                       "edit_customer_address_link",
                                       "encode_url_component",
                                       "escape",
                                       "escape_once",
                                       "excerpt",
                                       "external_video_tag",
                                       "external_video_url",
                                       "file_img_url",
                                       "file_url",
                                       "find",
                                       "find_index",
                                       "first",
                                       "floor",
                                       "font_face",
                                       "font_modify",
                                       "font_url",
                                       "format_address",
                                       "format_code",
                                       "global_asset_url",
                                       "global_block_type?",
                                       "h",
                                       "handle",
                                       "handle_from",
                                       "handleize",
                                       "has",
                                       "hex_to_rgba",
                                       "highlight",
                                       "highlight_active_tag",
                                       "hmac_sha1",
                                       "hmac_sha256",
                                       "image_tag",
                                       "image_url",
                                       "img_tag",
                                       "img_url",
                                       "inline_asset_content",
                                       "installments_pricing",
                                       "item_count_for_variant",
                                       "join",
                                       "json",
                                       "last",
                                       "line_items_for",
                                       "link_to",
                                       "link_to_add_tag",
                                       "link_to_remove_tag",
                                       "link_to_tag",
                                       "link_to_theme",
                                       "link_to_type",
                                       "link_to_vendor",
                                       "login_button",
                                       "login_url",
                                       "logout_url",
                                       "lstrip",
                                       "map",
                                       "md5",
                                       "media_tag",
                                       "metafield_tag",
                                       "metafield_text",
                                       "minus",
                                       "model_viewer_tag",
                                       "modulo",
                                       "money",
                                       "money_amount",
                                       "money_with_currency",
                                       "money_without_currency",
                                       "money_without_trailing_zeros",
                                       "newline_to_br",
                                       "pad_spaces",
                                       "paragraphize",
                                       "payment_button",
                                       "payment_terms",
                                       "payment_type_img_url",
                                       "payment_type_svg_tag",
                                       "placeholder_svg_tag",
                                       "pluralize",
                                       "plus",
                                       "preload_tag",
                                       "prepend",
                                       "product_img_url",
                                       "recover_password_link",
                                       "recover_url",
                                       "register_url",
                                       "registration_uuid_from",
                                       "reject",
                                       "remove",
                                       "remove_first",
                                       "remove_last",
                                       "replace",
                                       "replace_first",
                                       "replace_last",
                                       "reverse",
                                       "root_account_url",
                                       "round",
                                       "rstrip",
                                       "script_tag",
                                       "sentence",
                                       "sha1",
                                       "sha256",
                                       "shopify_asset_url",
                                       "size",
                                       "slice",
                                       "sort",
                                       "sort_by",
                                       "sort_natural",
                                       "split",
                                       "standard_event_data",
                                       "strip",
                                       "strip_html",
                                       "strip_newlines",
                                       "structured_data",
                                       "stylesheet_tag",
                                       "sum",
                                       "t",
                                       "theme_url",
                                       "time_tag",
                                       "times",
                                       "translate",
                                       "truncate",
                                       "truncatewords",
                                       "uniq",
                                       "unit",
                                       "unit_price_with_measurement",
                                       "upcase",
                                       "url_decode",
                                       "url_encode",
                                       "url_escape",
                                       "url_for_type",
                                       "url_for_vendor",
                                       "url_param_escape",
                                       "video_tag",
                                       "weight",
                                       "weight_with_unit",
                                       "where",
                                       "within" };

static const struct {
  const char *name;
  const char *instead;
} deprecated[] = {
  { "article_img_url", "image_url" }, { "collection_img_url", "image_url" },
  { "currency_selector", NULL },      { "hex_to_rgba", "color_to_rgb" },
  { "img_tag", "image_tag" },         { "img_url", "image_url" },
  { "product_img_url", "image_url" },
};

/* The longer ones first, so that the first that fits is the one. */
static const struct {
  const char *path;
  const char *route;
} routes[] = {
  { "/search/suggest", "predictive_search_url" },
  { "/search", "search_url" },
  { "/recommendations/products", "product_recommendations_url" },
  { "/customer_authentication/login", "storefront_login_url" },
  { "/collections/all", "all_products_collection_url" },
  { "/collections", "collections_url" },
  { "/cart/update", "cart_update_url" },
  { "/cart/clear", "cart_clear_url" },
  { "/cart/change", "cart_change_url" },
  { "/cart/add", "cart_add_url" },
  { "/cart", "cart_url" },
  { "/account/register", "account_register_url" },
  { "/account/recover", "account_recover_url" },
  { "/account/logout", "account_logout_url" },
  { "/account/login", "account_login_url" },
  { "/account/addresses", "account_addresses_url" },
  { "/account", "account_url" },
};

/* As strcmp() of @text, which is @length long, and @word. */
static int
compare (const char *text, gsize length, const char *word)
{
  gsize n = strlen (word);
  int by_bytes = memcmp (text, word, MIN (n, length));

  return by_bytes != 0 ? by_bytes : (length > n) - (length < n);
}

gboolean
theme_filter_is_known (const char *name, gsize length)
{
  guint low = 0;
  guint high = G_N_ELEMENTS (filters);

  g_return_val_if_fail (name != NULL, FALSE);

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      int order = compare (name, length, filters[middle]);

      if (order == 0)
        return TRUE;
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
  return FALSE;
}

gboolean
theme_filter_is_deprecated (const char *name, gsize length, const char **ret_instead)
{
  g_return_val_if_fail (name != NULL && ret_instead != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (deprecated); i++)
    if (compare (name, length, deprecated[i].name) == 0)
      {
        *ret_instead = deprecated[i].instead;
        return TRUE;
      }
  return FALSE;
}

const char *
theme_route_of (const char *text, gsize length, gboolean is_whole)
{
  g_return_val_if_fail (text != NULL, NULL);

  if (is_whole && length == 1 && *text == '/')
    return "root_url";
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    if (length >= strlen (routes[i].path) && memcmp (text, routes[i].path, strlen (routes[i].path)) == 0)
      return routes[i].route;
  return NULL;
}
