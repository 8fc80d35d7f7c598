/* SPDX-License-Identifier: MIT */
/* Posts JSON to the application over kept-alive connections. */
"use strict";

const http = require("node:http");
const { Errors } = require("moleculer");

class AppClient {
	constructor() {
		this.agent = new http.Agent({ keepAlive: true });
	}

	/* Resolves with the parsed answer; rejects on network faults and statuses other than 2xx. */
	post(url, value) {
		const body = Buffer.from(JSON.stringify(value));
		const headers = { "Content-Type": "application/json", "Content-Length": body.length };

		return new Promise((resolve, reject) => {
			const request = http.request(url, { method: "POST", agent: this.agent, headers }, answer => {
				const chunks = [];
				answer.on("data", chunk => chunks.push(chunk));
				answer.on("error", reject);
				answer.on("end", () => {
					try {
						resolve(AppClient.parse(answer, Buffer.concat(chunks).toString()));
					} catch (error) {
						reject(error);
					}
				});
			});
			request.on("error", reject);
			request.end(body);
		});
	}

	static parse(answer, text) {
		const isJson = (answer.headers["content-type"] || "").startsWith("application/json");
		const value = isJson ? JSON.parse(text) : {};

		if (answer.statusCode >= 200 && answer.statusCode < 300) return value;
		const error = value.error || {};
		const AppError = error.retryable ? Errors.MoleculerRetryableError : Errors.MoleculerError;
		throw new AppError(
			error.message || answer.statusMessage,
			error.code || answer.statusCode,
			error.type,
			error.data,
		);
	}
}

module.exports = { AppClient };
