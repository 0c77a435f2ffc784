// The methods of the engine over any way to it: a backend only says how one call travels.
import type { TaskId } from "./api";
import { METHODS, type EngineApi } from "./methods";

/** A method, as `crates/api` declares it. */
export type Method = (typeof METHODS)[keyof typeof METHODS];

/** A value in a query string. */
export type QueryValue =
  string | number | boolean | readonly (string | number)[] | null | undefined;

/** The arguments of a call. */
export interface CallArguments {
  id?: TaskId;
  query?: Record<string, QueryValue>;
  body?: unknown;
}

/** Makes one call and gives its answer. */
export type MakeCall = (
  method: Method,
  given: CallArguments,
  signal?: AbortSignal,
) => Promise<unknown>;

/** All methods of the engine, each made with `makeCall`. */
export function engineApi(makeCall: MakeCall): EngineApi {
  const functions = Object.entries(METHODS).map(([name, method]) => {
    const names: readonly string[] = method.arguments;
    const call = (...values: unknown[]) => {
      const given = Object.fromEntries(names.map((argument, index) => [argument, values[index]]));
      return makeCall(method, given, values[names.length] as AbortSignal | undefined);
    };
    return [name, call];
  });
  return Object.fromEntries(functions) as EngineApi;
}
