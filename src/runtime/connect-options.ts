/** Options of Express's API where there is no Express: for handlers and middlewares in standalone apps. */
import { anyValue, defineOptions } from '../kernel'

export interface ConnectOptions {
  /** Whose semantics, where the majors of Express differ: `4`, `5` or `'auto'`. @defaultValue the major that is installed, else `5` */
  express?: 4 | 5 | 'auto'
  /** Express's settings by their names there, such as `{ 'trust proxy': 1, 'json spaces': 2, views: './views' }`. @defaultValue Express's own defaults */
  settings?: Readonly<Record<string, unknown>>
}

export const connectOptions = defineOptions<ConnectOptions>({
  express: anyValue<4 | 5 | 'auto'>('auto', '4, 5 or "auto"', (value) => [4, 5, 'auto'].includes(value as 4)),
  settings: anyValue<Readonly<Record<string, unknown>>>(
    Object.freeze({}),
    'an object of Express settings',
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ),
})
