// Holds an AsyncAPI document against the validator that the standard publishes, and the document's
// own examples and the frames of a real session against its schemas.
// usage: node asyncapi.js DOCUMENT FRAMES, the frames as {"said": […], "heard": […]}
'use strict';

const fs = require('fs');
const { Parser } = require('@asyncapi/parser');
const Ajv = require('ajv');
const addFormats = require('ajv-formats');

const complaints = [];
const [documentFile, framesFile] = process.argv.slice(2);

check().then(() => {
  for (const complaint of complaints) console.error(complaint);
  process.exitCode = complaints.length === 0 ? 0 : 1;
});

async function check() {
  const text = fs.readFileSync(documentFile, 'utf8');
  const { diagnostics } = await new Parser().parse(text);
  for (const { code, message, path } of diagnostics) {
    // 3.0 is what is meant.
    if (code !== 'asyncapi-latest-version') complaints.push(`${path.join('/')}: ${message} (${code})`);
  }
  const document = JSON.parse(text);
  const { messages } = document.components;
  const judge = judgeOf(document);
  for (const [name, message] of Object.entries(messages)) {
    for (const { payload } of message.examples) judge(name, payload, 'example');
  }
  const { said, heard } = JSON.parse(fs.readFileSync(framesFile, 'utf8'));
  const told = new Set(document.operations.tell.messages.map(({ $ref }) => $ref.split('/').pop()));
  const seen = new Set();
  for (const [frames, direction] of [[said, 'said'], [heard, 'heard']]) {
    for (const frame of frames) {
      const several = 'mine' in frame ? 'Mine' : 'games' in frame ? 'Games' : '';
      const name = frame.type + several;
      const known = direction === 'said' ? document.operations[name]?.action === 'receive' : told.has(name);
      if (!known) complaints.push(`${name} was ${direction}, and no operation is about it`);
      else judge(name, frame, direction);
      seen.add(name);
    }
  }
  for (const name of Object.keys(messages)) {
    if (!seen.has(name)) complaints.push(`${name} was neither said nor heard`);
  }
  console.log(`${said.length} frames said, ${heard.length} heard, of ${seen.size} kinds`);
}

// Judges a frame by the schema of a message, in which every field is known.
function judgeOf(document) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ $id: 'document', components: closed(document.components) });
  const judges = {};
  return (name, frame, what) => {
    const path = `document#/components/messages/${name}/payload`;
    const judge = (judges[name] ??= ajv.compile({ $ref: path }));
    if (!judge(frame)) {
      complaints.push(`${what} ${JSON.stringify(frame)}: ${ajv.errorsText(judge.errors)}`);
    }
  };
}

// The same schemas, but no object may have a field that they do not name.
function closed(schema) {
  if (schema === null || typeof schema !== 'object') return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  if (copy.type === 'object' && copy.properties) copy.additionalProperties ??= false;
  return copy;
}
