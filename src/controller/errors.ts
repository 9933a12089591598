/** Errors of controllers. */
import { defineError } from '../kernel'

/** An action rendered twice. */
export class DoubleRenderError extends defineError('RAGE_CONTROLLER_DOUBLE_RENDER', {
  what: (f: { controller: string; action: string }) =>
    `${f.controller}#${f.action} rendered or redirected twice.`,
  fix: 'Return after the first render, head or redirectTo.',
}) {}

/** A route or callback names a method that the controller does not have. */
export class UnknownActionError extends defineError('RAGE_CONTROLLER_UNKNOWN_ACTION', {
  what: (f: { controller: string; action: string; where: string; hint: string }) =>
    `${f.where} names "${f.action}", which ${f.controller} does not define.${f.hint}`,
  fix: (f) => `Add the method to ${f.controller} or correct the name.`,
}) {}

/** `render` was called without anything to render, or with two things. */
export class NothingToRenderError extends defineError('RAGE_CONTROLLER_RENDER_OPTIONS', {
  what: (f: { controller: string; given: string }) => `${f.controller} called render with ${f.given}.`,
  fix: 'Give exactly one of json, text, html or body.',
}) {}

/** A value that has no JSON form was rendered as JSON. */
export class UnserializableError extends defineError('RAGE_CONTROLLER_UNSERIALIZABLE', {
  what: (f: { controller: string; action: string }) =>
    `${f.controller}#${f.action} rendered a value that has no JSON form.`,
  fix: 'Render plain data: no functions, BigInt or cycles.',
}) {}
