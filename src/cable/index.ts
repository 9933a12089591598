/**
 * cable: WebSockets for Action Cable clients: connections, channels, streams, broadcasts. Each client's work
 * runs in order; a message is delivered at most once, to those who are connected. It keeps no history, and does
 * not find its HTTP server: an adapter hands it the handshakes.
 */
export { Cable, type CableStats, type CableWorld } from './cable'
export type { Callback } from './callbacks'
export { Channel, type ChannelClass, type ChannelParams } from './channel'
export { Connection, type ConnectionClass } from './connection'
export {
  CableUnavailableError,
  ConnectionRequiredError,
  InvalidStreamError,
  MalformedMessageError,
  NotSubscribedError,
  OriginRefusedError,
  OversizedMessageError,
  SecondConnectionError,
  TooManySubscriptionsError,
  UnencodableMessageError,
  UnknownActionError,
  UnknownCallbackError,
  UnknownChannelError,
  UnknownCommandError,
  UnnamedChannelError,
  UnstreamableError,
  UnsupportedProtocolError,
} from './errors'
export { type AllowedOrigins, type CableOptions, cableOptions } from './options'
export { refuseUpgrade } from './refusal'
export type { Streamable } from './stream-name'
