/**
 * pubsub: broadcasts by stream name, and the port for buses that reach other processes. Delivers to whoever
 * listens now, in order; it keeps no history and knows nothing of sockets.
 */
export type { Bus, BusReceiver } from './bus'
export { LocalBus } from './local-bus'
