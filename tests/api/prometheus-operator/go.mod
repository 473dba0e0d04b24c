// The kinds PodMonitor and PrometheusRule, for test_chart.py: files of a module, of which no code is used.
module kcr.test/api/prometheus-operator

go 1.24.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
