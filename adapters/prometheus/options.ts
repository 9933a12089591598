/** Options of the endpoint for Prometheus. */
import { anyValue, defineOptions } from '../../src/kernel'

/** A registry of prom-client, in what is read of it. */
export interface PrometheusRegistry {
  /** Every metric with its values, as prom-client's registries answer. */
  getMetricsAsJSON(): Promise<readonly object[]>
}

export interface PrometheusOptions {
  /**
   * Scrapers must send it: `Authorization: Bearer <token>`, compared in constant time; others are answered 401. From 16
   * characters. `null` = whoever reaches the endpoint may read it. @defaultValue `null`
   */
  token?: string | null
  /** Metrics of prom-client that are served along; `null` = none. @defaultValue prom-client's own `register` */
  registry?: PrometheusRegistry | 'default' | null
}

export const prometheusOptions = defineOptions<PrometheusOptions>({
  token: anyValue<string | null>(
    null,
    'a text of at least 16 characters, or null',
    (value) => value === null || (typeof value === 'string' && value.length >= 16),
  ),
  registry: anyValue<PrometheusRegistry | 'default' | null>(
    'default',
    'a registry of prom-client, or null',
    (value) =>
      value === 'default' ||
      value === null ||
      typeof (value as Partial<PrometheusRegistry> | undefined)?.getMetricsAsJSON === 'function',
  ),
})
