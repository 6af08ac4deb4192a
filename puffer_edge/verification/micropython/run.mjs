// SPDX-License-Identifier: MIT
// node run.mjs MICROPYTHON.mjs FOLDER SCRIPT: runs a script of a folder under MicroPython for
// WebAssembly. The folder's files are copied into its memory, and what the script writes back out.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [module, folder, script] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(module));
const write = (stream) => (line) => fs.writeSync(stream, line + "\n");
const mp = await loadMicroPython({ heapsize: 1 << 25, stdout: write(1), stderr: write(2) });
const given = new Set(fs.readdirSync(folder));
for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const place = path.join(entry.parentPath ?? entry.path, entry.name);
    const name = path.relative(folder, place);
    if (entry.isDirectory()) {
        mp.FS.mkdir(name);
    } else {
        mp.FS.writeFile(name, new Uint8Array(fs.readFileSync(place)));
    }
}
try {
    mp.runPython(fs.readFileSync(path.join(folder, script), "utf8"));
} catch (error) {
    fs.writeSync(2, String(error.message ?? error) + "\n");
    process.exit(1);
}
for (const name of mp.FS.readdir(".")) {
    if (!given.has(name) && mp.FS.isFile(mp.FS.stat(name).mode)) {
        fs.writeFileSync(path.join(folder, name), mp.FS.readFile(name));
    }
}
