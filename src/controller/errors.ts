/** Errors of controllers. */
import { inspect } from 'node:util'
import { defineError } from '../kernel'

/** An action rendered twice. */
export class DoubleRenderError extends defineError('RAGE_CONTROLLER_DOUBLE_RENDER', {
  what: (f: { controller: string; action: string }) =>
    `${f.controller}#${f.action} rendered or redirected twice.`,
  fix: 'Return after the first render, head or redirectTo: none of them ends the action.',
}) {}

/** `redirectTo` was given something that is no address, such as a value that was not set. */
export class InvalidRedirectError extends defineError('RAGE_CONTROLLER_INVALID_REDIRECT', {
  what: (f: { where: string; given: unknown }) =>
    `${f.where} redirected to ${inspect(f.given, { depth: 0, breakLength: Infinity })}.`,
  fix: 'Give redirectTo a path such as "/orders/7" or an absolute address.',
}) {}

/** `redirectTo` was given an address on another host than that of the request. */
export class UnsafeRedirectError extends defineError('RAGE_CONTROLLER_UNSAFE_REDIRECT', {
  what: (f: { where: string; location: string }) =>
    `${f.where} redirected to another host: ${JSON.stringify(f.location.slice(0, 100))}.`,
  fix: 'If no client can choose the address, pass { allowOtherHost: true }; else redirect to a path.',
}) {}

/** A route or callback names a method that the controller does not have. */
export class UnknownActionError extends defineError('RAGE_CONTROLLER_UNKNOWN_ACTION', {
  what: (f: { controller: string; action: string; where: string; hint: string }) =>
    `${f.where} names "${f.action}", which ${f.controller} does not define.${f.hint}`,
  fix: (f) => `Add the method to ${f.controller} or correct the name.`,
}) {}

/** A controller defines a method that is named like a member of Controller, which it would replace. */
export class ReservedMethodError extends defineError('RAGE_CONTROLLER_RESERVED_METHOD', {
  what: (f: { controller: string; method: string }) =>
    `${f.controller} defines "${f.method}", a member of Controller itself, which others rely on.`,
  fix: 'Give the method another name. Only appendInfoToPayload is there to be overridden.',
}) {}

/** `render` was called without anything to render, or with two things. */
export class NothingToRenderError extends defineError('RAGE_CONTROLLER_RENDER_OPTIONS', {
  what: (f: { controller: string; given: string; hint: string }) =>
    `${f.controller} called render with ${f.given}.${f.hint}`,
  fix: 'Give exactly one of json, text, html, body, file, stream or the name of a renderer.',
}) {}

/** A value that has no JSON form was rendered as JSON. */
export class UnserializableError extends defineError('RAGE_CONTROLLER_UNSERIALIZABLE', {
  what: (f: { controller: string; action: string }) =>
    `${f.controller}#${f.action} rendered a value that has no JSON form.`,
  fix: 'Render plain data: no functions, BigInt or cycles.',
}) {}

/** Parameters do not fit the schema declared for the action. Answered as a problem document unless rescued. */
export class InvalidParamsError extends defineError('RAGE_CONTROLLER_INVALID_PARAMS', {
  status: 422,
  what: (f: { where: string; issues: readonly { readonly path: string; readonly message: string }[] }) =>
    `${f.where} was given invalid parameters: ${f.issues
      .slice(0, 5)
      .map(({ path, message }) => `${path || '(all)'}: ${message}`)
      .join('; ')}.`,
  fix: 'Send what the schema asks for.',
}) {}

/** `validates` was given something that is no schema. */
export class NotASchemaError extends defineError('RAGE_CONTROLLER_NOT_A_SCHEMA', {
  what: (f: { where: string }) => `${f.where} was given no Standard Schema.`,
  fix: 'Pass a schema of zod (3.24 or later), valibot (1 or later), arktype (2 or later) or another library that has "~standard".',
}) {}

/** `this.validated(schema)` asks for a schema that was not declared for this action. */
export class NotValidatedError extends defineError('RAGE_CONTROLLER_NOT_VALIDATED', {
  what: (f: { controller: string; action: string }) =>
    `${f.controller}#${f.action} asks for the values of a schema that has not validated its parameters.`,
  fix: (f) =>
    `Declare static { this.validates('${f.action}', schema) } with the same schema, before what reads it.`,
}) {}

/** `use` was given something that is no function. */
export class NotAMiddlewareError extends defineError('RAGE_CONTROLLER_NOT_A_MIDDLEWARE', {
  what: (f: { controller: string; given: string }) =>
    `${f.controller}.use was given a value of type ${f.given}.`,
  fix: 'Pass a function (req, res, next), or an array of them.',
}) {}

/** `use` was given an error middleware: it would be called with a request for an error. */
export class ErrorMiddlewareError extends defineError('RAGE_CONTROLLER_ERROR_MIDDLEWARE', {
  what: (f: { controller: string; name: string }) =>
    `${f.controller}.use was given ${f.name}, an error middleware with four parameters.`,
  fix: 'Use rescueFrom in the controller, or app.use() behind the mount: errors nobody rescues arrive there.',
}) {}
