"""Where things are, with which keys tokens are signed, and whether the issuer is up."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template
from flask.typing import ResponseReturnValue

from local.issuer.issuer import current_issuer

discovery = Blueprint("discovery", __name__)


@discovery.get("/")
def root() -> ResponseReturnValue:
    clients = current_issuer().realm.clients.values()
    home = next((client.base_url for client in clients if client.browser_login), "")
    text = "The local stand-in for Keycloak: Marquee sends you here to sign in, there is nothing else to see."
    return render_template("info.html", message="People sign in here", text=text, back_url=home)


@discovery.get("/realms/<realm>/.well-known/openid-configuration")
def configuration() -> ResponseReturnValue:
    issuer = current_issuer().url
    endpoint = f"{issuer}/protocol/openid-connect"
    methods = ["client_secret_basic", "client_secret_post"]
    return jsonify(
        issuer=issuer,
        authorization_endpoint=f"{endpoint}/auth",
        token_endpoint=f"{endpoint}/token",
        introspection_endpoint=f"{endpoint}/token/introspect",
        userinfo_endpoint=f"{endpoint}/userinfo",
        end_session_endpoint=f"{endpoint}/logout",
        revocation_endpoint=f"{endpoint}/revoke",
        jwks_uri=f"{endpoint}/certs",
        grant_types_supported=["authorization_code", "client_credentials", "refresh_token"],
        response_types_supported=["code"],
        response_modes_supported=["query"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"],
        token_endpoint_auth_methods_supported=methods,
        introspection_endpoint_auth_methods_supported=methods,
        revocation_endpoint_auth_methods_supported=methods,
        code_challenge_methods_supported=["S256"],
        scopes_supported=["openid", "profile", "email"],
        prompt_values_supported=["none", "login", "create"],
        authorization_response_iss_parameter_supported=True,
        backchannel_logout_supported=True,
        backchannel_logout_session_supported=True,
    )


@discovery.get("/realms/<realm>/protocol/openid-connect/certs")
def certs() -> ResponseReturnValue:
    answer: Response = jsonify(current_issuer().keys.jwks())
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@discovery.get("/health/ready")
@discovery.get("/health/live")
@discovery.get("/health")
def health() -> ResponseReturnValue:
    return jsonify(status="UP", checks=[])
