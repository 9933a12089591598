/**
 * prometheus: an endpoint that Prometheus and whatever speaks its formats can scrape. Serves the metrics of the runtime and of
 * the application, those in prom-client's registry included. Pushes nothing, and stores nothing.
 */
import { resolveOptions } from '../../src/kernel'
import type { Rage } from '../../src/runtime'
import { createEndpoint, type PrometheusHandler } from './endpoint'
import { Exposition } from './exposition'
import { type PrometheusOptions, prometheusOptions } from './options'

export type { PrometheusHandler } from './endpoint'
export type { PrometheusOptions, PrometheusRegistry } from './options'

/**
 * A handler for the metrics of a runtime: `app.get('/metrics', prometheus(rage))`. Turns them on, so it is made before boot.
 * Needs the package `prom-client`. Whoever reaches it may read it, unless `token` is given: see migration-guide/metrics.md.
 *
 * @throws MetricsOffError (after boot of a runtime without metrics), MissingPackageError, UnknownOptionError,
 * InvalidOptionError
 */
export function prometheus(
  rage: Pick<Rage, 'metrics' | 'errors'>,
  options?: PrometheusOptions,
): PrometheusHandler {
  const { token, registry } = resolveOptions(prometheusOptions, options, 'prometheus')
  const exposition = new Exposition(registry)
  rage.metrics.enable('rage-js/prometheus')
  return createEndpoint({ rage, exposition, token })
}
