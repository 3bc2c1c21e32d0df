# Stands for the official PostgreSQL image: Debian's server behind the same variables. It tests our wiring, not that image.
ARG DEBIAN=mysfits-stand-in/debian
FROM ${DEBIAN}
# hadolint ignore=DL3008
RUN printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d \
    && apt-get update && apt-get install --yes --no-install-recommends postgresql \
    && rm -rf /var/lib/apt/lists/* /var/lib/postgresql/* \
    && install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data \
    && install -d -o postgres -g postgres -m 3777 /run/postgresql \
    && ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/
COPY stand-in-postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
ENV PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
EXPOSE 5432
# By name, as the compose file does it for the official image, where its number is another.
# hadolint ignore=DL3066
USER postgres
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
