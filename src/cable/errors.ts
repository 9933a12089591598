/**
 * Errors of the cable. Those about what a client sent are written to the log, never thrown: a client hears a
 * refusal of the protocol, and of the error at most its code.
 */
import { inspect } from 'node:util'
import { defineError } from '../kernel'

/** A client connects, and nobody says who may. */
export class ConnectionRequiredError extends defineError('RAGE_CABLE_NO_CONNECTION', {
  status: 403,
  what: (_: object) =>
    'A client was refused: no Connection class is registered, so nothing decides who may connect.',
  fix: 'Register one (class AppConnection extends Connection { connect() { ... } }), or set cable.allowAnonymous to true.',
}) {}

/** A second Connection class was registered. */
export class SecondConnectionError extends defineError('RAGE_CABLE_SECOND_CONNECTION', {
  what: (f: { name: string; registered: string }) =>
    `${f.name} was registered, but ${f.registered} already is the Connection class.`,
  fix: 'A runtime has one Connection class; decide in its connect() what differs between clients.',
}) {}

/** A channel class has no name to be subscribed by. */
export class UnnamedChannelError extends defineError('RAGE_CABLE_UNNAMED_CHANNEL', {
  what: (_: object) => 'A channel class without a name was registered.',
  fix: 'Name the class, or give it static channelName = "...": clients subscribe by that name.',
}) {}

/** A web page of a host that is not allowed tried to connect. */
export class OriginRefusedError extends defineError('RAGE_CABLE_ORIGIN', {
  status: 403,
  what: (f: { origin: string; host: string }) =>
    `A page of ${inspect(f.origin)} was refused a connection to ${inspect(f.host)}.`,
  fix: 'If it is yours, add it to cable.allowedOrigins; behind a proxy, set "trust proxy" so that the public host is known.',
}) {}

/** The client offers no protocol that the cable speaks. */
export class UnsupportedProtocolError extends defineError('RAGE_CABLE_PROTOCOL', {
  status: 400,
  what: (f: { offered: string }) => `A client that offers the protocols ${inspect(f.offered)} was refused.`,
  fix: 'Use an Action Cable client: it offers "actioncable-v1-json".',
}) {}

/** A client connects while the cable is not ready, or no longer. */
export class CableUnavailableError extends defineError('RAGE_CABLE_UNAVAILABLE', {
  status: 503,
  what: (f: { phase: string }) => `A client was refused: the cable is ${f.phase}.`,
  fix: 'Clients try again by themselves; while this lasts, look at what keeps the runtime from serving.',
}) {}

/** A client sent something that is not a message of the protocol. Its connection is closed. */
export class MalformedMessageError extends defineError('RAGE_CABLE_MALFORMED', {
  status: 400,
  what: (f: { message: string }) =>
    `A client sent ${inspect(f.message)}, which is not a JSON object, and was disconnected.`,
  fix: 'Messages look like {"command":"subscribe","identifier":"{\\"channel\\":\\"...\\"}"}.',
}) {}

/** A client sent more than one message may have. Its connection is closed. */
export class OversizedMessageError extends defineError('RAGE_CABLE_OVERSIZED', {
  status: 413,
  what: (f: { maxMessageBytes: number }) =>
    `A client sent a message of more than ${f.maxMessageBytes} bytes and was disconnected.`,
  fix: 'Send large content over HTTP, or raise cable.maxMessageBytes.',
}) {}

/** A client sent a command that does not exist or lacks a part. It was ignored. */
export class UnknownCommandError extends defineError('RAGE_CABLE_UNKNOWN_COMMAND', {
  status: 400,
  what: (f: { command: unknown }) =>
    `A client sent the command ${inspect(f.command)} in a form that is not known; it was ignored.`,
  fix: 'Commands are subscribe, unsubscribe and message, with an identifier; message also has data, as JSON text.',
}) {}

/** A client subscribed to a channel that does not exist. It was told so. */
export class UnknownChannelError extends defineError('RAGE_CABLE_UNKNOWN_CHANNEL', {
  status: 404,
  what: (f: { identifier: string; hint: string }) =>
    `A client was rejected: no channel is registered for ${f.identifier}.${f.hint}`,
  fix: 'Correct the name in the client, or register the channel class.',
}) {}

/** A client called an action that its channel does not have. It was ignored. */
export class UnknownActionError extends defineError('RAGE_CABLE_UNKNOWN_ACTION', {
  status: 404,
  what: (f: { channel: string; action: string; hint: string }) =>
    `${f.channel} has no action ${inspect(f.action)}.${f.hint}`,
  fix: 'Declare it as a public method of the channel; hooks and names that start with "_" cannot be called.',
}) {}

/** A client used a subscription that it does not have. It was ignored. */
export class NotSubscribedError extends defineError('RAGE_CABLE_NOT_SUBSCRIBED', {
  status: 400,
  what: (f: { command: string; identifier: string }) =>
    `A client sent "${f.command}" for ${f.identifier}, to which it is not subscribed.`,
  fix: 'Subscribe first, and wait for the confirmation.',
}) {}

/** A client asked for more subscriptions than one connection may have. It was rejected. */
export class TooManySubscriptionsError extends defineError('RAGE_CABLE_TOO_MANY_SUBSCRIPTIONS', {
  status: 429,
  what: (f: { maxSubscriptions: number }) =>
    `A client was rejected: it has ${f.maxSubscriptions} subscriptions already.`,
  fix: 'Unsubscribe from what is no longer shown, or raise cable.maxSubscriptions.',
}) {}

/** A stream name is not text. */
export class InvalidStreamError extends defineError('RAGE_CABLE_INVALID_STREAM', {
  what: (f: { stream: unknown }) => `${inspect(f.stream, { depth: 0 })} is not the name of a stream.`,
  fix: 'Pass a string that is not empty; for a model use streamFor() and broadcastTo().',
}) {}

/** A value does not say which stream it stands for. */
export class UnstreamableError extends defineError('RAGE_CABLE_UNSTREAMABLE', {
  what: (f: { model: unknown }) => `${inspect(f.model, { depth: 0 })} does not name a stream.`,
  fix: 'Pass a string, an instance of a class with an id, or an object with toStreamKey(); for plain objects, text such as "post:7".',
}) {}

/** A message cannot be written as JSON. */
export class UnencodableMessageError extends defineError('RAGE_CABLE_UNENCODABLE', {
  what: (f: { target: string }) => `What was to be sent to ${f.target} cannot be written as JSON.`,
  fix: 'Send plain values: no functions, BigInts or objects that contain themselves.',
}) {}

/** A declaration of a channel names a method that it does not have. */
export class UnknownCallbackError extends defineError('RAGE_CABLE_UNKNOWN_CALLBACK', {
  what: (f: { channel: string; name: string }) =>
    `${f.channel} declares a callback "${f.name}", but has no such method.`,
  fix: 'Correct the name, or pass a function.',
}) {}
