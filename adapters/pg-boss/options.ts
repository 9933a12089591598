/** Options of the engine on pg-boss. */
import { anyValue, defineOptions, wholeNumber } from '../../src/kernel'

export interface PgBossOptions {
  /**
   * The PostgreSQL server: options of a `pg` pool (`{ connectionString }`, `{ host, user, ... }`), which is ours then, or a
   * `pg` pool of the application, which stays open. @defaultValue the environment variables of `pg` (`PGHOST`, ...)
   */
  connection?: object
  /** Schema of pg-boss's tables; made when missing. Letters, digits and `_`. @defaultValue `'pgboss'` */
  schema?: string
  /** Name of the queue in pg-boss. Runtimes with the same name share their jobs. @defaultValue `'rage'` */
  queue?: string
  /** Pause between two looks for jobs while there are none, in ms, from 100. @defaultValue `1_000` */
  pollMs?: number
  /**
   * How long a process may be silent before others take its jobs, in ms, from 2,000. A process whose event loop stands
   * still for as long loses them too, and they run twice. @defaultValue `30_000`
   */
  takeOverMs?: number
}

const name = (value: unknown, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value)

export const pgBossOptions = defineOptions<PgBossOptions>({
  connection: anyValue<object>(
    {},
    'an object with options of a pg pool, or a pool',
    (value) => typeof value === 'object' && value !== null,
  ),
  schema: anyValue<string>('pgboss', 'letters, digits and "_", at most 50', (value) =>
    name(value, /^[A-Za-z_]\w{0,49}$/),
  ),
  queue: anyValue<string>('rage', 'letters, digits, "_", "-" and "."', (value) => name(value, /^[\w.-]+$/)),
  pollMs: wholeNumber({ default: 1_000, min: 100 }),
  takeOverMs: wholeNumber({ default: 30_000, min: 2_000 }),
})
