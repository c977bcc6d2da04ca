# The relay in an image that holds nothing else: the Debian package's files and no system below them.
#
#   docker build -t lobbyist .
#   docker run --read-only -p 9080:9080 -v ./lobbyist.lua:/etc/lobbyist/lobbyist.lua:ro -v lobbyist:/var/lib/lobbyist lobbyist

FROM swift:6.2-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make
WORKDIR /source
COPY Makefile ./
COPY Tests/Installation/apt.sh Tests/Installation/
RUN make toolchain
COPY . .
RUN make deb && dpkg-deb --extract dist/lobbyist_*.deb /image && mkdir /state

FROM scratch
COPY --from=build /image /
COPY --from=build --chown=65532:65532 /state /var/lib/lobbyist
ENV STATE_DIRECTORY=/var/lib/lobbyist
VOLUME ["/var/lib/lobbyist"]
USER 65532:65532
EXPOSE 9080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/usr/bin/lobbyist", "status", "--health"]
ENTRYPOINT ["/usr/bin/lobbyist"]
CMD ["serve", "--config", "/etc/lobbyist/lobbyist.lua"]
