/* SPDX-License-Identifier: MIT */
/*
 * A sidecar in Node.js on the npm packages moleculer and moleculer-web: the neighbour that scripts/bench
 * measures ours against. It does the same work for a call as any sidecar of that kind (parse, route
 * through the gateway's action, broker call, HTTP request to the application, answer) and keeps its
 * connections to the application open. Configured by SIDECAR_PORT, NODEID, NAMESPACE, TRANSPORTER and CACHER.
 */
"use strict";

const { ServiceBroker, Errors } = require("moleculer");
const ApiGateway = require("moleculer-web");
const { AppClient } = require("./app-client");

const LISTINGS = ["nodes", "services", "actions", "events"];

/* Turns a posted schema into one of Moleculer: handlers are URLs there and functions here. */
function toServiceSchema(posted, app, broker) {
	const baseUrl = (posted.settings && posted.settings.baseUrl) || "";
	const toDefinition = (definition, makeHandler) => {
		const members = typeof definition === "string" ? { handler: definition } : definition;
		return { ...members, handler: makeHandler(baseUrl + members.handler) };
	};
	const mapDefinitions = (definitions, makeHandler) =>
		Object.fromEntries(
			Object.entries(definitions || {}).map(([key, definition]) => [
				key,
				toDefinition(definition, makeHandler),
			]),
		);

	return {
		name: posted.name,
		version: posted.version,
		settings: posted.settings,
		metadata: posted.metadata,
		actions: mapDefinitions(posted.actions, url => async ctx => {
			const { params, meta, action, nodeID } = ctx;
			const reply = await app.post(url, { action: action.name, nodeID, params, meta, options: {} });
			Object.assign(ctx.meta, reply.meta);
			return reply.response;
		}),
		events: mapDefinitions(posted.events, url => async ctx => {
			const { params, meta, eventName, eventType, eventGroups, nodeID } = ctx;
			const body = { event: eventName, eventType, eventGroups, nodeID, params, meta };
			await app.post(url, body).catch(error => broker.logger.warn(eventName, error.message));
		}),
	};
}

/* The gateway's own actions, which its aliases lead to. */
const actions = {
	async registerService(ctx) {
		const { broker } = this;
		const old = broker.getLocalService(ctx.params.name);
		if (old) await broker.destroyService(old);
		broker.createService(toServiceSchema(ctx.params, this.app, broker));
		return { status: "OK" };
	},
	async callAction(ctx) {
		const { action, params, meta, timeout } = ctx.params;
		try {
			const response = await ctx.call(action, params || {}, { meta, timeout });
			return { response, meta: { ...ctx.meta } };
		} catch (error) {
			ctx.meta.$statusCode = Number.isInteger(error.code) ? error.code : 500;
			const { name, message, code, type, data } = error;
			return { error: { name, message, code, type, data }, meta: { ...ctx.meta } };
		}
	},
	async emitEvent(ctx) {
		const { event, params, meta, groups } = ctx.params;
		await ctx.emit(event, params || {}, { meta, groups });
	},
	health: () => ({ status: "OK" }),
	ready() {
		if (this.isReady) return { status: "OK" };
		throw new Errors.MoleculerError("not ready", 503, "NOT_READY");
	},
};

function gatewaySchema(port) {
	return {
		name: "$sidecar",
		mixins: [ApiGateway],
		settings: {
			port,
			ip: "127.0.0.1",
			routes: [
				{
					path: "/v1",
					mergeParams: true,
					bodyParsers: { json: { limit: "4MB" } },
					aliases: {
						"POST registry/services": "$sidecar.registerService",
						"POST call/:action": "$sidecar.callAction",
						"POST emit/:event": "$sidecar.emitEvent",
						...Object.fromEntries(
							LISTINGS.map(kind => [
								`GET registry/${kind}`,
								kind === "nodes" ? "$node.list" : `$node.${kind}`,
							]),
						),
					},
				},
				{
					path: "/",
					aliases: { "GET health": "$sidecar.health", "GET ready": "$sidecar.ready" },
				},
			],
		},
		actions,
		created() {
			this.app = new AppClient();
			/* The default of 5 s would close the idle connections that are to be measured. */
			this.server.keepAliveTimeout = 120_000;
		},
	};
}

async function main() {
	const broker = new ServiceBroker({
		nodeID: process.env.NODEID,
		namespace: process.env.NAMESPACE,
		transporter: process.env.TRANSPORTER || null,
		cacher: process.env.CACHER || null,
		logLevel: "error",
	});
	const gateway = broker.createService(gatewaySchema(Number(process.env.SIDECAR_PORT)));
	const stop = () => broker.stop().then(() => process.exit(0));

	process.once("SIGTERM", stop).once("SIGINT", stop);
	await broker.start();
	gateway.isReady = true;
	const { port } = gateway.server.address();
	console.log(`HTTP server is listening on http://127.0.0.1:${port}`);
}

main();
