/**
 * The port between the runtime and a host (Express, Connect, a bare http server). The adapter decides when a
 * request is offered and what happens to those that are not owned; the runtime never sees the host's types.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Context } from '../context'
import type { Request, Response, ResponseSettings } from '../http'
import type { Resolved, Scope } from '../kernel'
import type { Logger } from '../logger'
import type { RouterOptions } from '../router'
import type { MountOptions } from './mount-options'
import type { OwnedMatch } from './owned-routes'

/** Passes the request on, or, with an error, to the host's error handling. */
export type Done = (error?: unknown) => void

/** What a runtime offers a host adapter. */
export interface HostedApplication {
  readonly scope: Scope
  readonly logger: Logger
  /** Below the mount's prefix; `null` when no cable class is registered. */
  readonly cablePath: string | null
  /**
   * The owned route for a raw path (no query), or `null`: synchronous, touches nothing.
   *
   * @param rules   how the host compares paths; neither case nor a last slash matters unless given.
   * @param request   for constraints; without it, routes that have some are not found.
   * @param prototype what the host will put on a request that has nothing of it yet: constraints see it so.
   */
  find(
    method: string,
    pathname: string,
    rules?: Resolved<RouterOptions>,
    request?: IncomingMessage,
    prototype?: object,
  ): OwnedMatch | null
  /** The methods that have an owned route for the raw path, HEAD behind GET; for `Allow`. */
  allowedMethods(
    pathname: string,
    rules?: Resolved<RouterOptions>,
    request?: IncomingMessage,
  ): readonly string[]
  /** Whether the raw path lies below text that an owned route begins with, such as `/orders` of `/orders/:id`. */
  ownsPrefix(pathname: string, rules?: Resolved<RouterOptions>): boolean
  /** Whether any method has an owned route for the raw path: when not, `find` answers `null` for all of them. */
  ownsPath(pathname: string): boolean
  /** Answers the request, or hands `done` the error that nothing rescued. Exactly one of both. */
  serve(match: OwnedMatch, req: Request, res: Response, settings: ResponseSettings, done: Done): void
  /**
   * The context of this request: made at the first call, the same one afterwards.
   *
   * @param res given once, it tells when the request is over.
   */
  contextOf(req: IncomingMessage, res?: ServerResponse | null): Context
  /** The context of this request if it has one by now, or `null`. */
  knownContextOf(req: IncomingMessage): Context | null
  /** Starts the line that the request leaves in the log, once per request. */
  logRequest(req: Request, res: Response): void
  /** A server that leads here listens: boots, if that has not begun. */
  listening(): void
  /** Takes over a WebSocket handshake on the cable's path. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void
  /** `METHOD /pattern` of every owned route, to tell whether two mounts collide. */
  routeKeys(): readonly string[]
}

/** A handler in the shape Connect, Express and `http` share. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: Done) => void

/** What a host adapter gives a runtime. */
export interface Host {
  /** A new handler for `app.use`. */
  createMount(options: Resolved<MountOptions>): Middleware
  /** A new handler that opens the context for everything after it. */
  createContext(): Middleware
  /** Brings WebSockets up on a server the host cannot find by itself. */
  attach(server: Server): void
  /** Lets go of every server. */
  detach(): void
  /** The pattern of the host's own route that answered a request; `null` = none did, or none is known. */
  legacyRoute(req: IncomingMessage): string | null
  /** The servers that lead here and listen. */
  servers(): Iterable<Server>
  /** Makes `handler` one that leads to the runtime: servers it listens on are found by themselves. */
  adopt(handler: Entry): void
  /** Takes over the handshake that travels in this request and response. */
  takeUpgrade(req: Request, res: Response): void
  /** A handler that looks at owned routes first and hands everything else to `app`, untouched. */
  createFront(app: Entry, fail: Fail): Entry
}

/** A handler for `http.createServer`; with `next` it passes on what is not owned. */
export type Entry = (req: IncomingMessage, res: ServerResponse, next?: Done) => void

/** Answers with an error that nothing rescued. Never throws. */
export type Fail = (req: Request, res: Response, error: unknown) => void

/** Express's API for handlers that run without Express around them. */
export interface Surface {
  /** How responses are written, by the settings given for that API. */
  readonly response: ResponseSettings
  readonly routing: Resolved<RouterOptions>
  /** What `dress` would put on this request. */
  prototypeFor(req: IncomingMessage): object
  /** Puts the API on the request and response, unless a host has done so. */
  dress(req: Request, res: Response, next: Done): void
  /** Adds a view engine for files of this extension, as `app.engine` does. */
  engine(extension: string, render: ViewEngine): void
}

/** A view engine in Express's form. */
export type ViewEngine = (
  path: string,
  locals: object,
  done: (error: unknown, rendered?: string) => void,
) => void

/** What a surface is made from. */
export interface SurfaceSeed {
  /** Folder of the application. */
  readonly root: string
  readonly environment: string
  /** Whose semantics, where the majors of Express differ; `'auto'` = those of the one installed, else 5. */
  readonly express: 4 | 5 | 'auto'
  /** Express's settings by their names in Express: `'trust proxy'`, `'json spaces'`, `views`, ... */
  readonly settings: Readonly<Record<string, unknown>>
}
