// Holds the types of openapi-typescript to what answers hold: it is compiled, and not run.

import type { components, operations } from "./types/api";

type Schemas = components["schemas"];
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

export type Checks = [
  Holds<Equal<Schemas["Game"]["board"], unknown>>,
  Holds<Equal<Schemas["Game"]["turn"], string | null>>,
  Holds<Equal<Schemas["Game"]["status"], string>>,
  Holds<Equal<Schemas["Game"]["result"], Schemas["GameResult"] | null>>,
  Holds<Equal<Schemas["Game"]["seats"][string], Schemas["SeatHolder"] | null>>,
  Holds<Equal<Schemas["SeatHolder"]["name"], string | null>>,
  Holds<Equal<Schemas["Games"]["next"], string | null>>,
  Holds<Equal<Schemas["MakeMove"]["move"], unknown>>,
  Holds<Equal<NonNullable<Schemas["EventData"]["seats"]>[string], string | null>>,
];

export const move = (game: Schemas["Game"]): Schemas["MakeMove"] => ({
  gameId: game.gameId,
  move: game.legalMoves[0],
  version: game.version,
});

export const boardOf = (
  answer: operations["readGame"]["responses"][200]["content"]["application/json"],
): unknown => answer.board;
