// Reads recorded answers and plays a game with the client that openapi-generator made.
//
// Arguments: the address of a stage, an API key, and a file with the recorded answers.

import { readFileSync } from "node:fs";
import { argv } from "node:process";
import * as turnkey from "./fetch/index.js";

const [stage, key, recorded] = argv.slice(2) as [string, string, string];

function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

const configuration = (token?: string) =>
  new turnkey.Configuration({
    basePath: stage,
    apiKey: key,
    accessToken: token,
  });

// What was read holds all that was recorded, null by null.
function same(read: any, recorded: any, path: string): void {
  if (read instanceof Date) {
    demand(read.toISOString() === recorded, `${path}: ${read.toISOString()}`);
  } else if (recorded !== null && typeof recorded === "object") {
    for (const name of Object.keys(recorded)) {
      // A member of a later release is passed over.
      if (name !== "ofALaterRelease") {
        demand(read !== null && name in read, `${path}.${name} is lost`);
        same(read[name], recorded[name], `${path}.${name}`);
      }
    }
  } else {
    demand(read === recorded, `${path}: ${read} is not ${recorded}`);
  }
}

const readers: { [schema: string]: (json: any) => any } = {
  Created: turnkey.CreatedFromJSON,
  Events: turnkey.EventsFromJSON,
  Game: turnkey.GameFromJSON,
  Games: turnkey.GamesFromJSON,
  NewPlayer: turnkey.NewPlayerFromJSON,
  Player: turnkey.PlayerFromJSON,
  Problem: turnkey.ProblemFromJSON,
  Variants: turnkey.VariantsFromJSON,
};
for (const { schema, body } of JSON.parse(readFileSync(recorded, "utf8"))) {
  const reader = readers[schema];
  demand(reader !== undefined, schema);
  same(reader(body), body, schema);
}

const games = new turnkey.GamesApi(configuration());
const created = await games.createGame({ createGame: { name: "Ann", seat: "X" } });
demand((created.game.board as { cells: (string | null)[] }).cells.every((cell) => cell === null), "cells");
const open: turnkey.SeatHolder | null | undefined = created.game.seats["O"];
demand(open === null, "an open seat");
demand(created.player !== undefined && created.invite !== undefined, "a player and an invite");
const joined = await games.joinGame({ joinGame: { invite: created.invite } });
demand(joined.player !== undefined, "another player");
const tokens: { [seat: string]: string } = { X: created.player.token, O: joined.player.token };
let game: turnkey.Game = joined.game;
for (let move = 0; move < 7; move++) {
  demand(game.turn !== null, "a turn");
  const commands = new turnkey.CommandsApi(configuration(tokens[game.turn]));
  const { gameId, version, legalMoves } = game;
  game = await commands.makeMove({ makeMove: { gameId, version, move: legalMoves[0] } });
}
demand(game.turn === null && game.result?.outcome === "win", "a win");
const { events } = await games.readEvents({ gameId: game.gameId });
demand(events[0]?.data.seats?.["O"] === null, "the open seat of an event");
const list = new turnkey.GamesApi(configuration(tokens["X"]));
let mine = await list.listGames({ status: "finished" });
const deadline = Date.now() + 30_000;
while (mine.games.length === 0) {
  // This list alone may lag, by up to a second.
  demand(Date.now() < deadline, "the game is not in the list");
  mine = await list.listGames({ status: "finished" });
}
demand(mine.next === null && mine.games[0]?.gameId === game.gameId, "my games");
const old = { gameId: game.gameId, move: 0, version: 1 };
try {
  await new turnkey.CommandsApi(configuration(tokens["X"])).makeMove({ makeMove: old });
  throw new Error("a move by an old version was taken");
} catch (refused) {
  if (!(refused instanceof turnkey.ResponseError)) throw refused;
  const problem = turnkey.ProblemFromJSON(await refused.response.json());
  demand(problem.code === "version_conflict", problem.code);
  same(problem.game?.board, game.board, "the game of a problem");
}
