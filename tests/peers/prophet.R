#!/usr/bin/env Rscript
# SPDX-License-Identifier: Apache-2.0
# prophet.R DIR [MODE] — fits R's prophet to the series of DIR (see weekly-series.R), one after the other.
#
# Reads DIR/series.csv (series_id,t,value; t counts weeks from 1) and DIR/starts.csv (series_id,start). MODE is
# `multiplicative` (the default) or `additive`; all else is prophet's default.
#
# Writes DIR/prophet-r.csv, a row for each series:
#   series_id, n (weeks seen), cpu_s (user and system time of the call of prophet(), which fits and draws no sample),
#   objective (the log posterior at Stan's optimum, computed here from Stan's parameters by the formula below),
#   value (what rstan::optimizing reports: it must be the same), k, m, sigma_obs, y_scale
# and DIR/prophet-r-params.csv: series_id, name (k, m, sigma_obs, delta.N, beta.N), value.
#
# objective = − n log σ − Σ (y − μ)² / (2 σ²) − 2 σ² − k²/50 − m²/50 − Σ|δ| / τ − Σ β² / (2 s²), on scaled y and t: what
# Stan maximises, without the terms that no parameter is in (n/2 log 2π, log 2τ and the like) and without the Jacobian
# of σ, which rstan::optimizing leaves out.
arg <- commandArgs(trailingOnly = TRUE)
if (!length(arg) %in% 1:2) stop("usage: prophet.R DIR [multiplicative|additive]")
mode <- if (length(arg) == 2) arg[2] else "multiplicative"
suppressPackageStartupMessages(library(prophet))

series <- read.csv(file.path(arg[1], "series.csv"), stringsAsFactors = FALSE)
starts <- read.csv(file.path(arg[1], "starts.csv"), stringsAsFactors = FALSE)
start_of <- as.Date(setNames(starts$start, starts$series_id))

log_posterior <- function(m) {
  h <- m$history
  p <- m$params
  f <- prophet:::make_all_seasonality_features(m, h)
  x <- as.matrix(f$seasonal.features)
  beta <- p$beta[1, ]
  delta <- p$delta[1, ]
  trend <- prophet:::piecewise_linear(h$t, delta, p$k, p$m, m$changepoints.t)
  mu <- trend * (1 + x %*% (beta * f$component.cols$multiplicative_terms)) +
    x %*% (beta * f$component.cols$additive_terms)
  s <- p$sigma_obs
  -nrow(h) * log(s) - sum((h$y_scaled - mu)^2) / (2 * s^2) - 2 * s^2 - p$k^2 / 50 - p$m^2 / 50 -
    sum(abs(delta)) / m$changepoint.prior.scale - sum(beta^2 / (2 * f$prior.scales^2))
}

# What R loads and compiles at the first call is no time of a fit.
first <- series[series$series_id == series$series_id[1], ]
for (i in 1:3) {
  invisible(suppressMessages(prophet(data.frame(ds = start_of[[first$series_id[1]]] + 7 * (first$t - 1),
                                                y = first$value), seasonality.mode = mode)))
}

params <- file(file.path(arg[1], "prophet-r-params.csv"), "w")
out <- file(file.path(arg[1], "prophet-r.csv"), "w")
writeLines("series_id,name,value", params)
writeLines("series_id,n,cpu_s,objective,value,k,m,sigma_obs,y_scale", out)
for (id in unique(series$series_id)) {
  s <- series[series$series_id == id, ]
  df <- data.frame(ds = start_of[[id]] + 7 * (s$t - 1), y = s$value)
  time <- system.time(m <- suppressMessages(prophet(df, seasonality.mode = mode)))
  p <- m$params
  value <- if (is.null(m$stan.fit)) NA else m$stan.fit$value
  writeLines(paste(id, nrow(df), time[["user.self"]] + time[["sys.self"]],
                   paste(sprintf("%.17g", c(log_posterior(m), value, p$k, p$m, p$sigma_obs, m$y.scale)), collapse = ","),
                   sep = ","), out)
  named <- c(k = p$k, m = p$m, sigma_obs = p$sigma_obs,
             setNames(p$delta[1, ], paste0("delta.", seq_along(p$delta[1, ]))),
             setNames(p$beta[1, ], paste0("beta.", seq_along(p$beta[1, ]))))
  writeLines(paste(id, names(named), sprintf("%.17g", named), sep = ","), params)
}
close(out)
close(params)
