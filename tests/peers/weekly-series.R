#!/usr/bin/env Rscript
# SPDX-License-Identifier: Apache-2.0
# weekly-series.R DATA OUT — weekly series of two years and more of the retail sets under DATA, to compare models on.
#
# Writes OUT/series.csv (series_id,t,value: t counts weeks from 1; a week without a row is missing) and OUT/starts.csv
# (series_id,start: the date of t = 1). Taken are all totals (of a category or department, of a store, of everything)
# and a fixed sample of 160 series store × category and 160 store × department: the sorted ids at even distances.
arg <- commandArgs(trailingOnly = TRUE)
if (length(arg) != 2) stop("usage: weekly-series.R DATA OUT")
if (!dir.exists(arg[1])) {
  cat("skipped: there is no folder", arg[1], "\n")
  quit(status = 77)
}

read <- function(...) read.csv(file.path(arg[1], ...), stringsAsFactors = FALSE)

# One row for each id and date, summed.
series <- function(id, date, value) aggregate(list(value = value), list(id = id, date = date), sum)

at_even_distances <- function(ids, n) {
  ids <- sort(unique(ids), method = "radix")
  ids[unique(round(seq(1, length(ids), length.out = min(n, length(ids)))))]
}

long_enough <- function(s) {
  span <- tapply(s$date, s$id, function(d) as.numeric(max(d) - min(d)))
  weeks <- table(s$id)
  keep <- names(span)[span >= 728 & weeks[names(span)] >= 104]
  s[s$id %in% keep, ]
}

of_one_set <- function(prefix, store, group, date, value) {
  fine <- long_enough(series(paste0(prefix, "/", store, "/", group), date, value))
  fine <- fine[fine$id %in% at_even_distances(fine$id, 160), ]
  rbind(fine,
        long_enough(series(paste0(prefix, "/all/", group), date, value)),
        long_enough(series(paste0(prefix, "/", store, "/all"), date, value)),
        long_enough(series(rep(paste0(prefix, "/all/all"), length(date)), date, value)))
}

sales <- read("breakfast", "transaction.csv.gz")
product <- read("breakfast", "product.csv.gz")
category <- gsub(" ", "_", product$category[match(sales$upc_id, product$upc_id)])
breakfast <- of_one_set("breakfast", sales$store_id, category, as.Date(sales$week_end_date), sales$units)

train <- read("walmart", "train.csv.gz")
walmart <- of_one_set("walmart", train$Store, train$Dept, as.Date(train$Date), train$Weekly_Sales)

all <- rbind(breakfast, walmart)
start <- aggregate(list(start = all$date), list(id = all$id), min)
all$t <- as.numeric(all$date - start$start[match(all$id, start$id)]) / 7 + 1
stopifnot(all$t == round(all$t))
all <- all[order(all$id, all$t, method = "radix"), ]
start <- start[order(start$id, method = "radix"), ]

dir.create(arg[2], showWarnings = FALSE, recursive = TRUE)
write.csv(data.frame(series_id = all$id, t = all$t, value = all$value), file.path(arg[2], "series.csv"),
          row.names = FALSE, quote = FALSE)
write.csv(data.frame(series_id = start$id, start = as.character(start$start)), file.path(arg[2], "starts.csv"),
          row.names = FALSE, quote = FALSE)
cat(nrow(start), "series,", nrow(all), "weeks\n")
