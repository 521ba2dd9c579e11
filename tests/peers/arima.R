#!/usr/bin/env Rscript
# SPDX-License-Identifier: Apache-2.0
# Rscript arima.R [SERIES.csv]: auto.arima with its defaults on weekly series (m = 52), as the peer of our search.
# Reads series_id,t,value (standard input without an argument); writes a line as each series is done:
# series_id,cpu_s,order,aicc,loglik,coefs. order is p d q P D Q constant; coefs are AR, MA, seasonal AR, seasonal MA,
# then the constant, apart by blanks. cpu_s is -1 where R fails.
suppressMessages(library(forecast))
argument <- commandArgs(trailingOnly = TRUE)
series <- read.csv(if (length(argument) > 0) argument[1] else file("stdin"),
                   colClasses = c(series_id = "character"))
# What R loads and compiles at the first call is no time of a fit.
first <- series[series$series_id == series$series_id[1], ]
for (i in 1:3) invisible(tryCatch(auto.arima(ts(first$value[order(first$t)], frequency = 52)), error = function(e) NULL))
cat("series_id,cpu_s,order,aicc,loglik,coefs\n")
for (id in unique(series$series_id)) {
  rows <- series[series$series_id == id, ]
  y <- ts(rows$value[order(rows$t)], frequency = 52)
  used <- system.time(fit <- tryCatch(auto.arima(y), error = function(e) NULL))
  if (is.null(fit)) {
    cat(id, ",-1,,,,\n", sep = "")
    next
  }
  a <- fit$arma
  constant <- any(c("intercept", "drift") %in% names(coef(fit)))
  cat(id, ",", used[["user.self"]] + used[["sys.self"]], ",",
      paste(a[1], a[6], a[2], a[3], a[7], a[4], as.integer(constant)), ",", format(fit$aicc, digits = 12), ",",
      format(fit$loglik, digits = 12), ",", paste(format(coef(fit), digits = 12, trim = TRUE), collapse = " "), "\n",
      sep = "")
}
