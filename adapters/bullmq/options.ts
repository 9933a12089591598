/** Options of the engine on BullMQ. */
import { anyValue, defineOptions, text, wholeNumber } from '../../src/kernel'

export interface BullmqOptions {
  /**
   * The Redis server, as BullMQ takes it: options of ioredis (`{ host, port }`, `{ url }`), or a client whose
   * `maxRetriesPerRequest` is `null`. @defaultValue Redis on `127.0.0.1:6379`
   */
  connection?: object
  /** Name of the queue in BullMQ, without `:`. Runtimes with the same name share their jobs. @defaultValue `'rage'` */
  queue?: string
  /** First part of all keys in Redis. @defaultValue `'bull'`, where BullMQ's dashboards look */
  prefix?: string
  /**
   * How long a process may be silent before others take its jobs, in ms, from 1,000. A process whose event loop stands
   * still for as long loses them too, and they run twice. @defaultValue `30_000`
   */
  takeOverMs?: number
}

export const bullmqOptions = defineOptions<BullmqOptions>({
  connection: anyValue<object>(
    {},
    "an object with options of ioredis, such as { url: 'redis://…' }, or a client",
    (value) => typeof value === 'object' && value !== null,
  ),
  queue: anyValue<string>(
    'rage',
    'a text without ":"',
    (value) => typeof value === 'string' && value !== '' && !value.includes(':'),
  ),
  prefix: text('bull'),
  takeOverMs: wholeNumber({ default: 30_000, min: 1_000 }),
})
