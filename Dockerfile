# One image, two roles: `web` (the default command) and `worker`.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv
COPY requirements.lock ./
RUN /app/.venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock
COPY alembic.ini rxconfig.py pyproject.toml ./
COPY alembic alembic
COPY assets assets
COPY worker worker
COPY liquor_app liquor_app
ENV LIQUOR_ENV=development REFLEX_TELEMETRY_ENABLED=false REFLEX_CHECK_LATEST_VERSION=false
RUN /app/.venv/bin/python -m liquor_app.cli build \
    && find .web -mindepth 1 -maxdepth 1 ! -name build ! -name backend ! -name build.stamp -exec rm -rf {} +

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 liquor && install -d -o liquor -g liquor -m 0700 /data
VOLUME /data
WORKDIR /app
# root's: whoever the software is made to run as cannot change it
COPY --from=build /app /app
USER liquor
ENV PATH=/app/.venv/bin:$PATH LIQUOR_ENV=production LIQUOR_HOST=0.0.0.0 LIQUOR_PORT=8000 LIQUOR_DATA_DIR=/data \
    LIQUOR_LOG_JSON=true PYTHONDONTWRITEBYTECODE=1 REFLEX_TELEMETRY_ENABLED=false REFLEX_CHECK_LATEST_VERSION=false
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/api/v1/health/ready', timeout=2)"]
CMD ["python", "-m", "liquor_app.cli", "web"]
