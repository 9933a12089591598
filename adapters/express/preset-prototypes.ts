/**
 * Express gives every request and response prototypes of its own after Node has made them, and V8 before version 13
 * (Node 20 and 22) then drops what it has learnt about such objects: two thirds of what a request to an Express app
 * costs (bench/passthrough.mjs).
 * A server that does nothing but call the app can make them with these prototypes to begin with: Express finds them in
 * place. Everything the app sees is the same.
 *
 * `http.createServer` takes the two classes as options; on a server that is there already, they are found by the
 * symbols it keeps them under. Where anything looks different, or somebody else listens to the server's requests,
 * all stays as it was.
 */
import { IncomingMessage, type Server, ServerResponse } from 'node:http'

/** What the app gives to requests and responses; the same in both majors. */
export interface MessagePrototypes {
  readonly request: object
  readonly response: object
}

type Listener = (...args: unknown[]) => void
/** Node's constructors are functions that can be called for an object of another prototype. */
type Initialize = { call(self: object, ...args: unknown[]): void }
type Constructor = new (...args: never[]) => object

const nodesRequest = IncomingMessage as unknown as Initialize
const nodesResponse = ServerResponse as unknown as Initialize

/** V8 cannot do it well by itself. */
export const exchangeIsSlow = Number.parseInt(process.versions.v8, 10) < 13

/** Events whose listeners would meet requests of the app's making. */
const sharing = new Set(['request', 'checkContinue', 'checkExpectation'])
/** Events that pass a request on which the app has no claim. */
const leaving = new Set(['upgrade', 'connect'])

/** Gives a request that the app will not see the prototype it would have had. */
export function resetPrototype(req: IncomingMessage): void {
  Object.setPrototypeOf(req, IncomingMessage.prototype)
}

/**
 * @param passesOn whether a listener for `upgrade` hands the request to the app.
 * @returns a function that undoes it, or `null` where it cannot be done.
 */
export function presetPrototypes(
  server: Server,
  prototypes: MessagePrototypes,
  passesOn: (listener: unknown) => boolean,
): (() => void) | null {
  const request = ownSymbol(server, 'IncomingMessage', IncomingMessage)
  const response = ownSymbol(server, 'ServerResponse', ServerResponse)
  if (request === null || response === null || listensElsewhere(server)) return null
  const Request = requestClass(prototypes.request)
  const Response = responseClass(prototypes.response)
  if (!makesTheSame(Request, IncomingMessage, null)) return null
  if (!makesTheSame(Response, ServerResponse, sampleRequest)) return null

  const slots = server as unknown as Record<symbol, unknown>
  const undo = (): void => {
    server.off('newListener', onNew).off('removeListener', onRemoved)
    for (const event of leaving) server.off(event, resetPrototype as Listener)
    if (slots[request] === Request) slots[request] = IncomingMessage
    if (slots[response] === Response) slots[response] = ServerResponse
  }
  const onNew = (event: string, listener: unknown): void => {
    if (sharing.has(event)) undo()
    else if (leaving.has(event) && listener !== resetPrototype && !passesOn(listener))
      resetFirst(server, event)
  }
  const onRemoved = (event: string): void => {
    // Alone it would take the requests of that kind from whoever gets them when nobody listens.
    if (leaving.has(event) && server.listeners(event).every((listener) => listener === resetPrototype))
      server.off(event, resetPrototype as Listener)
  }
  slots[request] = Request
  slots[response] = Response
  for (const event of leaving)
    if (server.listeners(event).some((listener) => !passesOn(listener))) resetFirst(server, event)
  server.on('newListener', onNew).on('removeListener', onRemoved)
  return undo
}

function resetFirst(server: Server, event: string): void {
  if (!server.listeners(event).includes(resetPrototype))
    server.prependListener(event, resetPrototype as Listener)
}

/** More than the app: what they do to a request, they do to one of Node's. */
function listensElsewhere(server: Server): boolean {
  return [...sharing].some((event) => server.listenerCount(event) > (event === 'request' ? 1 : 0))
}

/** Where the server keeps the class, if it is Node's own. */
function ownSymbol(server: Server, description: string, expected: unknown): symbol | null {
  const found = Object.getOwnPropertySymbols(server).find((symbol) => symbol.description === description)
  return found !== undefined && (server as unknown as Record<symbol, unknown>)[found] === expected
    ? found
    : null
}

// Named as Node's: stack traces say so. Functions that inherit from Node's have objects with as much room for fields.
function requestClass(prototype: object): Constructor {
  function IncomingMessage(this: object, socket: unknown): void {
    nodesRequest.call(this, socket)
  }
  IncomingMessage.prototype = prototype
  Object.setPrototypeOf(IncomingMessage, nodesRequest)
  return IncomingMessage as unknown as Constructor
}

function responseClass(prototype: object): Constructor {
  function ServerResponse(this: object, req: unknown, options: unknown): void {
    nodesResponse.call(this, req, options)
  }
  ServerResponse.prototype = prototype
  Object.setPrototypeOf(ServerResponse, nodesResponse)
  return ServerResponse as unknown as Constructor
}

const sampleRequest = { method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1, headers: {} }

/** An app whose prototypes have setters for what Node assigns would get other objects. */
function makesTheSame(made: Constructor, expected: unknown, argument: unknown): boolean {
  try {
    const ours = new made(argument as never)
    const nodes = new (expected as Constructor)(argument as never)
    const keys = Reflect.ownKeys(nodes)
    return (
      Object.getPrototypeOf(ours) === made.prototype &&
      String(keys.map(String)) === String(Reflect.ownKeys(ours).map(String))
    )
  } catch {
    return false
  }
}
