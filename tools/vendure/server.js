// A small Vendure shop for tests: its database is in memory, its products are always the same.
//
//   PORT=0 node server.js
//
// When it is ready it prints one line of JSON, with its address: {"ready":"http://127.0.0.1:…"}.
// It ends on SIGTERM or SIGINT, and when its standard input is closed, if that is a pipe: whoever
// started it may have been killed.
'use strict';

const { fstatSync } = require('node:fs');
const { bootstrap, DefaultLogger, LogLevel } = require('@vendure/core');
const { MeridianPlugin } = require('./meridian-plugin');
const { seed } = require('./seed');

// There is one connection to the database, so requests are answered one after the other.
let last = Promise.resolve();
const oneAfterTheOther = (_request, response, next) => {
    const done = new Promise(resolve => response.once('close', resolve));
    last.then(next);
    last = last.then(() => done);
};

const config = {
    apiOptions: {
        hostname: '127.0.0.1',
        port: Number(process.env.PORT ?? 0),
        adminApiPath: 'admin-api',
        shopApiPath: 'shop-api',
        middleware: [{ route: '*splat', beforeListen: true, handler: oneAfterTheOther }],
    },
    authOptions: {
        tokenMethod: 'bearer',
        superadminCredentials: { identifier: 'superadmin', password: 'superadmin' },
    },
    dbConnectionOptions: { type: 'sqljs', synchronize: true, logging: false },
    logger: new DefaultLogger({ level: LogLevel.Error, timestamp: false }),
    plugins: [MeridianPlugin],
};

async function main() {
    const app = await bootstrap(config);
    const end = () => {
        // A connection that somebody keeps open is no reason to stay.
        setTimeout(() => process.exit(0), 2000);
        app.close().finally(() => process.exit(0));
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
    await seed(app);
    console.log(JSON.stringify({ ready: `http://127.0.0.1:${app.getHttpServer().address().port}` }));
}

if (fstatSync(0).isFIFO()) {
    process.stdin.once('end', () => process.exit(0)).resume();
}

main().catch(error => {
    console.error(error);
    process.exit(1);
});
