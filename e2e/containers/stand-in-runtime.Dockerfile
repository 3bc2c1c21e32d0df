# Stands for distroless `cc`: glibc, certificates and time zones; no shell, no package manager, a user without rights.
ARG DEBIAN=mysfits-stand-in/debian
FROM ${DEBIAN} AS files
WORKDIR /packages
RUN apt-get update \
    && apt-get download base-files netbase tzdata ca-certificates libc6 libgcc-s1 gcc-12-base \
    && mkdir /root-fs \
    && for package in *.deb; do dpkg-deb --extract "$package" /root-fs; done \
    && rm -rf /root-fs/usr/share/doc /root-fs/usr/share/man /root-fs/usr/share/lintian \
    && install -d -m 1777 /root-fs/tmp \
    && install -d -o 65532 -g 65532 -m 700 /root-fs/home/nonroot \
    && echo 'root:x:0:0:root:/root:/sbin/nologin' >/root-fs/etc/passwd \
    && echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >>/root-fs/etc/passwd \
    && printf 'root:x:0:\nnonroot:x:65532:\n' >/root-fs/etc/group

FROM scratch
COPY --from=files /root-fs /
USER 65532
WORKDIR /home/nonroot
