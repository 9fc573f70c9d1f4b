#!/bin/bash
# Healthy once Keycloak calls itself ready. The image has no curl; bash opens the connection itself.
exec 3<>/dev/tcp/127.0.0.1/9000
printf 'GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 4 status <&3
case $status in *' 200 '*) ;; *) exit 1 ;; esac
